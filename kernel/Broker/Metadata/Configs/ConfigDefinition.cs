namespace Deterministic.Broker.Metadata.Configs;

/// <summary>The type of a configuration's value, numbered as DescribeConfigs v3 and later number it.</summary>
public enum ConfigType : sbyte
{
    Unknown = 0,
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}

/// <summary>Where a configuration's value comes from, numbered as DescribeConfigs numbers it.</summary>
public enum ConfigSource : sbyte
{
    Unknown = 0,
    DynamicTopic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    DynamicBrokerLogger = 6,
    ClientMetrics = 7,
    DynamicGroup = 8,
}

/// <summary>What a configuration can be set on, numbered as the protocol and ConfigRecord number it.</summary>
public enum ConfigResourceType : sbyte
{
    Unknown = 0,
    Topic = 2,
    Broker = 4,
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32,
}

/// <summary>How a broker configuration may change while the broker runs.</summary>
public enum ConfigUpdate : byte
{
    /// <summary>Only by the configuration file.</summary>
    ReadOnly,

    /// <summary>For one broker, or for all at once.</summary>
    ClusterWide,

    /// <summary>For one broker only.</summary>
    PerBroker,

    /// <summary>For one listener of one broker, under the listener's prefix.</summary>
    PerListener,

    /// <summary>A replication quota: dynamic alone, unknown to the configuration file, never shown.</summary>
    Quota,
}

/// <summary>
/// One configuration: facts only. <see cref="Synonym"/> is the broker configuration that gives the default.
/// </summary>
public sealed record ConfigDefinition(
    string Name, ConfigType Type, string? Default, ConfigConstraint Constraint, string? Synonym, ConfigUpdate Update)
{
    /// <summary>Settable, but no answer shows it.</summary>
    public bool IsInternal { get; init; }

    /// <summary>A secret: answers leave its value out.</summary>
    public bool IsSensitive => Type == ConfigType.Password;
}
