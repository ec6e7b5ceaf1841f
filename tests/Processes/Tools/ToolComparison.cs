using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes.Tools;

/// <summary>What a tool said to Kafka and to us, made alike where they may be.</summary>
internal sealed record ToolVerdict(ToolAct Act, string Kafka, string Ours)
{
    public bool IsAlike => Kafka == Ours;
}

/// <summary>
/// Runs the same acts of Kafka's own tools against a cluster of Apache Kafka and one of ours, three processes each, and compares
/// what they print and how they end.
/// </summary>
internal sealed class ToolComparison : IDisposable
{
    private static readonly Regex Id = new("(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])", RegexOptions.CultureInvariant);
    private static readonly Regex LoggedAt = new(
        @"^\d{4}-\d\d-\d\d[T ][\d:.,]+Z? ", RegexOptions.CultureInvariant | RegexOptions.Multiline);
    private const string ZeroId = "AAAAAAAAAAAAAAAAAAAAAA";
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(25);

    private readonly string _folder = Directory.CreateTempSubdirectory("tool-comparison-").FullName;
    private readonly ProcessCluster _kafka;
    private readonly ProcessCluster _ours;

    public ToolComparison()
    {
        var kafka = Task.Run(() => Cluster(isKafka: true));
        _ours = Cluster(isKafka: false);
        _kafka = kafka.GetAwaiter().GetResult();
    }

    public IEnumerable<ToolVerdict> Run(IEnumerable<ToolAct> acts)
    {
        foreach (var act in acts)
        {
            var watch = Stopwatch.StartNew();
            ToolVerdict verdict;
            do
            {
                verdict = Compare(act);
            }
            while (act.IsReading && !verdict.IsAlike && watch.Elapsed < Settled);
            yield return verdict;
            if (!act.IsReading)
            {
                Thread.Sleep(500);
            }
        }
    }

    public void Dispose()
    {
        _ours.Dispose();
        _kafka.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>No leader moves by itself every five minutes: the two would do so between different acts.</summary>
    private static ProcessCluster Cluster(bool isKafka)
    {
        var plan = new NodePlan(isKafka) { Settings = ["auto.leader.rebalance.enable=false"] };
        return new ProcessCluster([plan, plan, plan]);
    }

    private ToolVerdict Compare(ToolAct act)
    {
        var kafka = Task.Run(() => Outcome(_kafka, act, "kafka"));
        var ours = Outcome(_ours, act, "ours");
        return new ToolVerdict(act, kafka.GetAwaiter().GetResult(), ours);
    }

    private string Outcome(ProcessCluster cluster, ToolAct act, string side)
    {
        if (act.Tool is ToolScript.Kill or ToolScript.Start)
        {
            var node = int.Parse(act.Arguments[0], CultureInfo.InvariantCulture);
            (act.Tool == ToolScript.Kill ? (Action<int>)cluster.Kill : cluster.Start)(node);
            return "";
        }

        var file = Path.Combine(_folder, side);
        File.WriteAllText(file, act.Input ?? "");
        var arguments = act.Arguments.Select(argument => argument
            .Replace("BROKERS", cluster.Bootstrap, StringComparison.Ordinal)
            .Replace("CONTROLLERS", cluster.Controllers, StringComparison.Ordinal)
            .Replace("FILE", file, StringComparison.Ordinal));
        var outcome = (ApacheKafka.Java(act.Tool, [.. arguments]) with { Input = act.Stdin }).Run();
        var text = outcome.Output + outcome.Errors;
        text = cluster.Anonymous(text).Replace(file, "FILE", StringComparison.Ordinal);
        text = LoggedAt.Replace(Id.Replace(text, id => id.Value == ZeroId ? "<zero id>" : "<id>"), "");
        text = act.Free?.Replace(text, "<free>") ?? text;
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith("at ", StringComparison.Ordinal)).ToArray();
        if (act.IsUnordered)
        {
            Array.Sort(lines, StringComparer.Ordinal);
        }

        return FormattableString.Invariant($"ends with {outcome.ExitCode}\n") + string.Join('\n', lines);
    }
}
