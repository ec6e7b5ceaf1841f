using System;
using System.Collections.Generic;
using System.Globalization;

namespace Deterministic.Broker.Metadata.Configs;

/// <summary>One value a configuration has at some level: under which name, and where it was set.</summary>
public readonly record struct ConfigSynonym(string Name, string? Value, ConfigSource Source);

/// <summary>
/// A configuration as it is in force: its value, and every level that gives it one, the strongest first.
/// </summary>
public sealed record EffectiveConfig(ConfigDefinition Definition, string? Value, List<ConfigSynonym> Synonyms)
{
    public ConfigSource Source => Synonyms.Count > 0 ? Synonyms[0].Source : ConfigSource.Default;
}

/// <summary>
/// What is in force for a topic, a broker or a group: the resource's own setting, else the broker's, else that of all
/// brokers, else the configuration file's, else Kafka's default.
/// </summary>
/// <remarks>
/// Some broker configurations come in several units (hours, minutes, milliseconds): the finest that is set wins, and
/// the topic's default follows it, while a description of the coarser name still shows that name's own value.
/// </remarks>
public sealed class EffectiveConfigs
{
    private const long MsPerMinute = 60_000;
    private const long MsPerHour = 3_600_000;

    private readonly SortedDictionary<string, string> _properties;
    private readonly string _broker;
    private readonly ConfigsImage _configs;

    /// <param name="properties">The configuration file, by Kafka's names.</param>
    /// <param name="brokerId">Whose broker-level settings count.</param>
    /// <param name="configs">What was set while running.</param>
    public EffectiveConfigs(SortedDictionary<string, string> properties, int brokerId, ConfigsImage configs)
    {
        _properties = properties;
        _broker = brokerId.ToString(CultureInfo.InvariantCulture);
        _configs = configs;
    }

    /// <summary>A broker configuration's value in force.</summary>
    public string? BrokerValue(string name) =>
        _configs.Find(ConfigResourceType.Broker, _broker, name)
        ?? _configs.Find(ConfigResourceType.Broker, "", name)
        ?? (_properties.TryGetValue(name, out var value) ? value : null)
        ?? ConfigTable.Broker.Find(name)?.Default;

    /// <summary>A broker configuration that is a whole number; its default where the text in force is none.</summary>
    public long BrokerLong(string name)
    {
        if (BrokerValue(name) is { } text && ConfigValue.TryLong(text, out var value))
        {
            return value;
        }

        return ConfigTable.Broker.Find(name)?.Default is { } given && ConfigValue.TryLong(given, out value) ? value : 0;
    }

    /// <summary>True where somebody gave the value, false where it is only a default.</summary>
    public bool IsBrokerValueGiven(string name) =>
        _properties.ContainsKey(name)
        || _configs.Find(ConfigResourceType.Broker, _broker, name) is not null
        || _configs.Find(ConfigResourceType.Broker, "", name) is not null;

    public bool BrokerBoolean(string name) =>
        BrokerValue(name) is { } text && ConfigValue.TryBoolean(text, out var value) && value;

    /// <summary>The value in force for a topic; <paramref name="set"/> is what is set on the topic itself.</summary>
    public string TopicValue(SortedDictionary<string, string> set, ConfigDefinition definition) =>
        set.TryGetValue(definition.Name, out var value) ? value : TopicDefault(definition) ?? "";

    /// <summary>What a topic gets that sets nothing itself.</summary>
    public string? TopicDefault(ConfigDefinition definition) => definition.Name switch
    {
        "retention.ms" => Finest(
            "log.retention.ms", ("log.retention.minutes", MsPerMinute), ("log.retention.hours", MsPerHour)),
        "segment.ms" => Finest("log.roll.ms", ("log.roll.hours", MsPerHour)),
        "segment.jitter.ms" => Finest("log.roll.jitter.ms", ("log.roll.jitter.hours", MsPerHour)),
        "flush.ms" => Finest("log.flush.interval.ms", ("log.flush.scheduler.interval.ms", 1)),
        _ => definition.Synonym is { } synonym ? BrokerValue(synonym) ?? definition.Default : definition.Default,
    };

    public EffectiveConfig DescribeTopic(SortedDictionary<string, string> set, ConfigDefinition definition)
    {
        var synonyms = definition.Synonym is { } name ? BrokerSynonyms(name) : [];
        if (set.TryGetValue(definition.Name, out var own))
        {
            synonyms.Insert(0, new ConfigSynonym(definition.Name, own, ConfigSource.DynamicTopic));
        }

        return new EffectiveConfig(definition, TopicValue(set, definition), synonyms);
    }

    public EffectiveConfig DescribeBroker(ConfigDefinition definition) =>
        new(definition, BrokerValue(definition.Name), BrokerSynonyms(definition.Name));

    /// <summary>A group configuration: set on the group, or the broker's setting behind it.</summary>
    public EffectiveConfig DescribeGroup(SortedDictionary<string, string> set, ConfigDefinition definition)
    {
        var isBrokers = definition.Synonym is { } name && ConfigTable.Broker.Find(name) is not null;
        var synonyms = isBrokers
            ? BrokerSynonyms(definition.Synonym!)
            : [new ConfigSynonym(definition.Name, definition.Default, ConfigSource.Default)];
        var value = isBrokers ? BrokerValue(definition.Synonym!) : definition.Default;
        if (set.TryGetValue(definition.Name, out var own))
        {
            synonyms.Insert(0, new ConfigSynonym(definition.Name, own, ConfigSource.DynamicGroup));
            value = own;
        }

        return new EffectiveConfig(definition, value, synonyms);
    }

    /// <summary>
    /// Every level that sets the configuration or one of its coarser names. Levels above the first that bears the
    /// asked
    /// name are left out: they belong to the other name.
    /// </summary>
    private List<ConfigSynonym> BrokerSynonyms(string name)
    {
        string[] family = name switch
        {
            "log.retention.ms" or "log.retention.minutes" or "log.retention.hours" =>
                ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
            "log.roll.ms" or "log.roll.hours" => ["log.roll.ms", "log.roll.hours"],
            "log.roll.jitter.ms" or "log.roll.jitter.hours" => ["log.roll.jitter.ms", "log.roll.jitter.hours"],
            "log.flush.interval.ms" => ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
            _ => [name],
        };
        var found = new List<ConfigSynonym>();
        AddSynonyms(found, name, family, ConfigSource.DynamicBroker);
        AddSynonyms(found, name, family, ConfigSource.DynamicDefaultBroker);
        AddSynonyms(found, name, family, ConfigSource.StaticBroker);
        AddSynonyms(found, name, family, ConfigSource.Default);
        return found;
    }

    private void AddSynonyms(List<ConfigSynonym> found, string name, string[] family, ConfigSource source)
    {
        foreach (var member in family)
        {
            var value = source switch
            {
                ConfigSource.DynamicBroker => _configs.Find(ConfigResourceType.Broker, _broker, member),
                ConfigSource.DynamicDefaultBroker => _configs.Find(ConfigResourceType.Broker, "", member),
                ConfigSource.StaticBroker => _properties.TryGetValue(member, out var text) ? text : null,
                _ => ConfigTable.Broker.Find(member)?.Default,
            };
            if (value is not null && (found.Count > 0 || member == name))
            {
                found.Add(new ConfigSynonym(member, value, source));
            }
        }
    }

    private string Finest(string milliseconds, params ReadOnlySpan<(string Name, long Unit)> coarser)
    {
        if (BrokerValue(milliseconds) is { } exact)
        {
            return exact;
        }

        foreach (var (name, unit) in coarser)
        {
            if (BrokerValue(name) is { } text && ConfigValue.TryLong(text, out var count))
            {
                var value = count < 0 ? -1 : count > long.MaxValue / unit ? long.MaxValue : count * unit;
                return value.ToString(CultureInfo.InvariantCulture);
            }
        }

        return "-1";
    }
}
