using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>How often the metadata are folded into a snapshot, and how much of the past is kept; defaults are Kafka's.</summary>
public sealed record SnapshotLimits
{
    private const long WeekMs = 7L * 24 * 60 * 60 * 1000;

    /// <summary><c>metadata.log.max.record.bytes.between.snapshots</c>.</summary>
    public long BytesBetween { get; init; } = 20 << 20;

    /// <summary><c>metadata.log.max.snapshot.interval.ms</c>; zero for no limit in time.</summary>
    public Duration Interval { get; init; } = Duration.FromSeconds(3600);

    /// <summary><c>metadata.max.retention.bytes</c>: of log and snapshots together; below zero without limit.</summary>
    public long RetentionBytes { get; init; } = 100 << 20;

    /// <summary><c>metadata.max.retention.ms</c>: age of what a snapshot holds last; below zero without limit.</summary>
    public long RetentionMs { get; init; } = WeekMs;

    /// <summary><c>metadata.log.segment.bytes</c>.</summary>
    public int SegmentBytes { get; init; } = 1 << 30;

    /// <summary><c>metadata.log.segment.ms</c>.</summary>
    public long SegmentMs { get; init; } = WeekMs;

    /// <summary><c>controller.quorum.fetch.snapshot.max.bytes</c>: what one FetchSnapshot asks for.</summary>
    public int FetchBytes { get; init; } = 1 << 20;
}
