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

    /// <summary><c>offsets.topic.replication.factor</c>.</summary>
    public short OffsetsTopicReplicationFactor { get; init; } = 3;

    /// <summary><c>offsets.topic.segment.bytes</c>.</summary>
    public int OffsetsTopicSegmentBytes { get; init; } = 104_857_600;
}
