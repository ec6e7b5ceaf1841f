using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>The broker properties that groups obey, by their Kafka names, with Kafka's defaults.</summary>
public sealed record GroupConfig
{
    /// <summary><c>group.min.session.timeout.ms</c>.</summary>
    public int MinSessionTimeoutMs { get; init; } = 6_000;

    /// <summary><c>group.max.session.timeout.ms</c>.</summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary><c>group.initial.rebalance.delay.ms</c>.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary><c>group.max.size</c>.</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary>
    /// <c>offset.metadata.max.bytes</c>: counted in UTF-16 units, as Kafka does, in spite of the name.
    /// </summary>
    public int OffsetMetadataMaxBytes { get; init; } = 4_096;

    /// <summary><c>offsets.retention.minutes</c>.</summary>
    public Duration OffsetsRetention { get; init; } = Duration.FromSeconds(10_080 * 60);

    /// <summary><c>offsets.retention.check.interval.ms</c>.</summary>
    public Duration OffsetsRetentionCheckInterval { get; init; } = Duration.FromMilliseconds(600_000);

    /// <summary><c>offsets.topic.num.partitions</c>.</summary>
    public int OffsetsTopicPartitions { get; init; } = 50;

    /// <summary>As the node's configuration says, at its start: none of these can be changed while it runs.</summary>
    public static GroupConfig Of(EffectiveConfigs configs) => new()
    {
        MinSessionTimeoutMs = (int)configs.BrokerLong("group.min.session.timeout.ms"),
        MaxSessionTimeoutMs = (int)configs.BrokerLong("group.max.session.timeout.ms"),
        InitialRebalanceDelayMs = (int)configs.BrokerLong("group.initial.rebalance.delay.ms"),
        MaxSize = (int)configs.BrokerLong("group.max.size"),
        OffsetMetadataMaxBytes = (int)configs.BrokerLong("offset.metadata.max.bytes"),
        OffsetsRetention = Duration.FromSeconds(configs.BrokerLong("offsets.retention.minutes") * 60),
        OffsetsRetentionCheckInterval =
            Duration.FromMilliseconds(configs.BrokerLong("offsets.retention.check.interval.ms")),
        OffsetsTopicPartitions = (int)configs.BrokerLong("offsets.topic.num.partitions"),
    };
}
