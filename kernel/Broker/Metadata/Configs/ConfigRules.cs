using System;
using System.Collections.Generic;
using System.Globalization;

namespace Deterministic.Broker.Metadata.Configs;

/// <summary>What must hold between the configurations of one resource, beyond each being valid by itself.</summary>
public static class ConfigRules
{
    /// <summary>
    /// Null where everything set on a topic is valid, else the sentence with which Kafka refuses it.
    /// </summary>
    public static string? RefuseTopic(SortedDictionary<string, string> set, EffectiveConfigs effective)
    {
        foreach (var (name, _) in set)
        {
            if (ConfigTable.Topic.Find(name) is null)
            {
                return "Unknown topic config name: " + name;
            }
        }

        foreach (var (name, value) in set)
        {
            if (ConfigValue.Refuse(ConfigTable.Topic.Find(name)!, value) is { } why)
            {
                return why;
            }
        }

        return RefuseCompactionLag(set, effective) ?? RefuseTiering(set);
    }

    /// <summary>The same for a group.</summary>
    public static string? RefuseGroup(SortedDictionary<string, string> set, EffectiveConfigs effective)
    {
        foreach (var (name, _) in set)
        {
            if (ConfigTable.Group.Find(name) is null)
            {
                return "Unknown group config name: " + name;
            }
        }

        foreach (var (name, value) in set)
        {
            if (ConfigValue.Refuse(ConfigTable.Group.Find(name)!, value) is { } why)
            {
                return why;
            }

            if (RefuseGroupRange(name, value, effective) is { } outside)
            {
                return outside;
            }
        }

        return null;
    }

    /// <summary>
    /// Group settings that the operator bounds do so through a pair of broker configurations:
    /// group.consumer.min.session.timeout.ms and group.consumer.max.session.timeout.ms around
    /// consumer.session.timeout.ms.
    /// </summary>
    private static string? RefuseGroupRange(string name, string value, EffectiveConfigs effective)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        if (!ConfigValue.TryLong(value, out var number))
        {
            return null;
        }

        var lowest = "group." + name[..dot] + ".min" + name[dot..];
        if (ConfigTable.Broker.Find(lowest) is not null && number < effective.BrokerLong(lowest))
        {
            return name + " must be greater than or equal to " + lowest;
        }

        var highest = "group." + name[..dot] + ".max" + name[dot..];
        return ConfigTable.Broker.Find(highest) is not null && number > effective.BrokerLong(highest)
            ? name + " must be less than or equal to " + highest
            : null;
    }

    private static string? RefuseCompactionLag(SortedDictionary<string, string> set, EffectiveConfigs effective)
    {
        var least = effective.TopicValue(set, ConfigTable.Topic.Find("min.compaction.lag.ms")!);
        var most = effective.TopicValue(set, ConfigTable.Topic.Find("max.compaction.lag.ms")!);
        return ConfigValue.TryLong(least, out var low) && ConfigValue.TryLong(most, out var high) && low > high
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"conflict topic config setting min.compaction.lag.ms ({low}) > max.compaction.lag.ms ({high})")
            : null;
    }

    private static string? RefuseTiering(SortedDictionary<string, string> set) =>
        set.TryGetValue("remote.storage.enable", out var text) && ConfigValue.TryBoolean(text, out var on) && on
            ? "Tiered Storage functionality is disabled in the broker. "
                + "Topic cannot be configured with remote log storage."
            : null;
}
