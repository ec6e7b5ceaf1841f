using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Metadata.Configs;

/// <summary>
/// All configurations of one kind, by name and in ordinal order, read from a text of facts. The order is ours: Kafka
/// answers in the order of a hash table, which promises nothing.
/// </summary>
public sealed class ConfigTable
{
    private readonly Dictionary<string, ConfigDefinition> _byName = new(StringComparer.Ordinal);
    private readonly List<ConfigDefinition> _all = [];

    private ConfigTable()
    {
    }

    /// <summary>Topic configurations; their synonyms name the broker configurations behind them.</summary>
    public static ConfigTable Topic { get; } = Parse(TopicConfigText.Text);

    public static ConfigTable Broker { get; } = Parse(BrokerConfigText.Text);

    public static ConfigTable Group { get; } = Parse(GroupConfigText.Text);

    /// <summary>Configurations of client metrics subscriptions (KIP-714).</summary>
    public static ConfigTable ClientMetrics { get; } = Parse("""
        interval.ms int 300000 any
        match list "" any
        metrics list "" any
        """);

    /// <summary>Every configuration, sorted by name.</summary>
    public IReadOnlyList<ConfigDefinition> All => _all;

    public ConfigDefinition? Find(string name) => _byName.TryGetValue(name, out var found) ? found : null;

    private static ConfigTable Parse(string text)
    {
        var table = new ConfigTable();
        var joined = text.Replace("\\\n", "", StringComparison.Ordinal);
        foreach (var line in joined.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0)
            {
                table.Add(ParseLine(words));
            }
        }

        return table;
    }

    private static ConfigDefinition ParseLine(string[] words)
    {
        Invariant.Check(words.Length is 4 or 5);
        var flag = words.Length == 5 ? words[4] : "";
        var update = flag switch
        {
            "cluster" => ConfigUpdate.ClusterWide,
            "broker" => ConfigUpdate.PerBroker,
            "listener" => ConfigUpdate.PerListener,
            "quota" => ConfigUpdate.Quota,
            _ => ConfigUpdate.ReadOnly,
        };
        var isFlag = flag is "" or "internal" || update != ConfigUpdate.ReadOnly;
        var value = words[2] switch { "-" => null, "\"\"" => "", _ => words[2] };
        return new ConfigDefinition(
            words[0], TypeOf(words[1]), value, ConfigConstraint.Parse(words[3]), isFlag ? null : flag, update)
        {
            IsInternal = flag == "internal",
        };
    }

    private static ConfigType TypeOf(string word) => word switch
    {
        "boolean" => ConfigType.Boolean,
        "string" => ConfigType.String,
        "int" => ConfigType.Int,
        "short" => ConfigType.Short,
        "long" => ConfigType.Long,
        "double" => ConfigType.Double,
        "list" => ConfigType.List,
        "class" => ConfigType.Class,
        "password" => ConfigType.Password,
        _ => ConfigType.Unknown,
    };

    private void Add(ConfigDefinition definition)
    {
        Invariant.Check(definition.Type != ConfigType.Unknown);
        Invariant.Check(_all.Count == 0 || string.CompareOrdinal(_all[^1].Name, definition.Name) < 0);
        _all.Add(definition);
        _byName.Add(definition.Name, definition);
    }
}
