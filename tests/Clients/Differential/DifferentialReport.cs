using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Deterministic.Protocol;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// What a differential run did and found, as text: counts, coverage, explained differences, findings.
/// </summary>
public static class DifferentialReport
{
    private const int MostDifferencesShown = 400;

    public static string Of(DifferentialRun run, TimeSpan took)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"{run.Requests} requests in {run.Sequences} sequences, {took.TotalSeconds:0} s\n\n");
        AppendCoverage(run, text);
        text.Append("\ndifferences with a reason (docs/differences.md)\n");
        foreach (var (reason, count) in run.Explained)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {count,6}  {reason}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\ndifferences without a reason: {run.Findings.Count}\n");
        foreach (var finding in run.Findings.OrderBy(one => one.Mismatch.Difference.Field, StringComparer.Ordinal))
        {
            text.Append('\n');
            foreach (var difference in finding.Mismatch.All.Take(MostDifferencesShown))
            {
                text.Append(CultureInfo.InvariantCulture, $"  {difference}\n");
            }

            text.Append(CultureInfo.InvariantCulture,
                $"  ({finding.Mismatch.All.Count} differences in the answer to step {finding.Mismatch.Index + 1} of)\n");
            text.Append(CultureInfo.InvariantCulture, $"{finding.Sequence}\n");
        }

        return text.ToString();
    }

    /// <summary>One line an API: the versions sent, how often, and those never sent.</summary>
    private static void AppendCoverage(DifferentialRun run, StringBuilder text)
    {
        text.Append("API                        requests  versions\n");
        var keys = run.VersionsSeen.Keys.Select(name => name[..name.IndexOf(' ', StringComparison.Ordinal)]).Distinct();
        foreach (var name in keys)
        {
            var key = Enum.Parse<ApiKey>(name);
            var sent = new List<int>();
            var never = new List<int>();
            for (int version = ApiTable.Lowest(key); version <= ApiTable.Highest(key); version++)
            {
                var isSent = run.VersionsSeen.ContainsKey(FormattableString.Invariant($"{name} {version:00}"));
                (isSent ? sent : never).Add(version);
            }

            var requests = run.VersionsSeen.Where(pair => pair.Key.StartsWith(name + " ", StringComparison.Ordinal))
                .Sum(pair => pair.Value);
            text.Append(CultureInfo.InvariantCulture, $"{name,-26} {requests,8}  {string.Join(' ', sent)}");
            text.Append(never.Count == 0 ? "\n" : $" (never {string.Join(' ', never)})\n");
        }
    }
}
