using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Checks;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>One <c>topic</c> line, drawn: how many partitions, and its configuration by Kafka's names.</summary>
public sealed record TopicPlan(string Name, int Partitions, IReadOnlyDictionary<string, string> Config)
{
    /// <summary>How many replicas it wants; no more than there are nodes.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Everything but the partitions passes through as configuration; ranges of numbers are drawn.</summary>
    public static TopicPlan Read(ScenarioLine line, Prng prng)
    {
        var name = line.Word("a topic's name");
        var partitions = line.Number("partitions", prng, 1, 3);
        var replicas = line.Range("replicas", 1, 1);
        var config = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in line.All(""))
        {
            config.Add(key, Drawn(value, prng));
        }

        line.End();
        return new TopicPlan(name, partitions, config)
        {
            // One number draws nothing: older seeds stay what they were.
            Replicas = replicas.Low == replicas.High ? checked((int)replicas.Low) : checked((int)replicas.Draw(prng)),
        };
    }

    /// <summary>A range becomes one of its numbers, "a|b" one of its words; anything else stays as it is.</summary>
    public static string Drawn(string value, Prng prng)
    {
        if (value.Contains('|', StringComparison.Ordinal))
        {
            var words = value.Split('|');
            return words[prng.Next(words.Length)];
        }

        return ValueRange.TryParse(value, out var range)
            ? range.Draw(prng).ToString(CultureInfo.InvariantCulture)
            : value;
    }

    /// <summary>Tells the contract what this topic promises.</summary>
    public void Enter(History history, Contract contract, string defaultMode)
    {
        var mode = Config.GetValueOrDefault("durability.mode", defaultMode);
        var isTrimmed = Config.ContainsKey("retention.ms") || Config.ContainsKey("retention.bytes");
        for (var partition = 0; partition < Partitions; partition++)
        {
            var index = history.Partition(PartitionName(partition));
            if (mode == "page-cache")
            {
                contract.IsPageCache(index);
            }

            if (Config.GetValueOrDefault("unclean.leader.election.enable") == "true")
            {
                contract.MayElectUncleanly(index);
            }

            if (isTrimmed)
            {
                contract.MayBeTrimmed(index);
            }
        }
    }

    public string PartitionName(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Name}-{partition}");
}
