using System;
using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// One field in which two answers differ. The path names the field; what identified elements is kept.
/// </summary>
public sealed record Difference(string Path, string Kafka, string Ours)
{
    /// <summary>
    /// The path without what identified elements: one name for the same difference in different topics.
    /// </summary>
    public string Field => Regex.Replace(Path, "\\[[^\\]]*\\]", "[]");

    public override string ToString() => $"{Path}: Kafka {Kafka}, ours {Ours}";
}

/// <summary>Compares two answers, and knows which fields may differ and why.</summary>
/// <remarks>
/// <see cref="Free"/> are the fields in which no two brokers agree: addresses, times, ids, texts for people.
/// Everything else that may differ is a row of docs/differences.md: a field path in which * stands for anything,
/// and the reason.
/// </remarks>
public sealed class Differences
{
    /// <summary>Each may have any value on either side.</summary>
    private static readonly string[] Free =
    [
        "*.ThrottleTimeMs", "*.Host", "*.Port", "*.ClusterId", "DescribeLogDirsResponse.*Bytes", "*.LogDir",
        "ApiVersionsResponse.FinalizedFeaturesEpoch",
        "DescribeConfigsResponse.Results[*].Configs[*listeners].*Value",
        "DescribeConfigsResponse.Results[*].Configs[log.dir*].*Value",
        "DescribeConfigsResponse.Results[*].Configs[controller.quorum.*].*Value",
    ];

    /// <summary>Each must be there on both sides or on neither: set or null, zero or above, or below zero.</summary>
    private static readonly string[] PresenceOnly =
    [
        "*.ErrorMessage", "*.BatchIndexErrorMessage", "*.Documentation", "*.LogAppendTimeMs", "*.ProducerId",
        "FetchResponse.SessionId",
    ];

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.Singleline;

    private readonly List<(Regex Path, Regex Kafka, Regex Ours, string Reason)> _known = [];
    private readonly List<Regex> _free = [];
    private readonly List<Regex> _presenceOnly = [];

    /// <param name="table">docs/differences.md, or null to forgive nothing but what is free.</param>
    public Differences(string? table)
    {
        _free.AddRange(Array.ConvertAll(Free, Glob));
        _presenceOnly.AddRange(Array.ConvertAll(PresenceOnly, Glob));
        if (table is not null)
        {
            ReadTable(table);
        }
    }

    public static string Table => Path.Combine(Installed.Root, "docs", "differences.md");

    /// <summary>Why a difference is accepted, or null when nobody accepted it.</summary>
    public string? ReasonFor(Difference difference)
    {
        foreach (var (path, kafka, ours, reason) in _known)
        {
            if (path.IsMatch(difference.Path) && kafka.IsMatch(difference.Kafka) && ours.IsMatch(difference.Ours))
            {
                return reason;
            }
        }

        return null;
    }

    public List<Difference> Between(
        SortedDictionary<string, string> kafka, SortedDictionary<string, string> ours)
    {
        var differences = new List<Difference>();
        var paths = new SortedSet<string>(kafka.Keys, StringComparer.Ordinal);
        paths.UnionWith(ours.Keys);
        foreach (var path in paths)
        {
            var theirValue = kafka.GetValueOrDefault(path, "absent");
            var ourValue = ours.GetValueOrDefault(path, "absent");
            if (theirValue != ourValue && !IsForgiven(path, theirValue, ourValue))
            {
                differences.Add(new Difference(path, theirValue, ourValue));
            }
        }

        return differences;
    }

    /// <summary>The rows "| `path` `path` | Kafka's value | ours | reason |" of a document.</summary>
    private void ReadTable(string file)
    {
        foreach (var line in File.ReadAllLines(file))
        {
            var columns = line.Split('|', StringSplitOptions.TrimEntries);
            if (columns.Length != 6 || !columns[1].StartsWith('`'))
            {
                continue;
            }

            var paths = columns[1].Split('`', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            foreach (var path in paths)
            {
                _known.Add((Glob(path), Glob(columns[2]), Glob(columns[3]), columns[4]));
            }
        }
    }

    private bool IsForgiven(string path, string kafka, string ours) =>
        _free.Exists(pattern => pattern.IsMatch(path))
        || (_presenceOnly.Exists(pattern => pattern.IsMatch(path)) && IsPresent(kafka) == IsPresent(ours));

    private static bool IsPresent(string value) => value is not ("null" or "absent") && !value.StartsWith('-');

    private static Regex Glob(string pattern) =>
        new("^" + Regex.Escape(pattern).Replace("\\*", ".*") + "$", Options);
}
