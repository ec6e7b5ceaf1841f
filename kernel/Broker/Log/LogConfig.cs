using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Broker.Log;

/// <summary>What acks=all means for a topic (<c>durability.mode</c>).</summary>
public enum DurabilityMode : byte
{
    /// <summary>Flushed: survives the power failing everywhere at once.</summary>
    Flush,

    /// <summary>Written to the page cache, Kafka's own promise: survives what replication survives.</summary>
    PageCache,
}

/// <summary>How one log is kept: topic configurations by Kafka's meanings and defaults.</summary>
public sealed record LogConfig
{
    /// <summary><c>segment.bytes</c>.</summary>
    public int SegmentBytes { get; init; } = 1 << 30;

    /// <summary><c>segment.ms</c>.</summary>
    public long SegmentMs { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary><c>segment.jitter.ms</c>.</summary>
    public long SegmentJitterMs { get; init; }

    /// <summary><c>segment.index.bytes</c>.</summary>
    public int SegmentIndexBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary><c>index.interval.bytes</c>.</summary>
    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary><c>max.message.bytes</c>.</summary>
    public int MaxMessageBytes { get; init; } = 1_048_588;

    /// <summary><c>retention.bytes</c>; -1 for no limit.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary><c>retention.ms</c>; -1 for no limit.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary><c>file.delete.delay.ms</c>.</summary>
    public long FileDeleteDelayMs { get; init; } = 60_000;

    /// <summary><c>message.timestamp.type</c>.</summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary><c>message.timestamp.before.max.ms</c>.</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary><c>message.timestamp.after.max.ms</c>.</summary>
    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    /// <summary><c>compression.type</c> with its level; null for <c>producer</c>: what came is kept.</summary>
    public CompressionSetting? Compression { get; init; }

    /// <summary><c>cleanup.policy</c> has <c>compact</c>.</summary>
    public bool IsCompacted { get; init; }

    /// <summary><c>cleanup.policy</c> has <c>delete</c>.</summary>
    public bool IsDeleted { get; init; } = true;

    /// <summary><c>producer.id.expiration.ms</c> of the broker.</summary>
    public long ProducerIdExpirationMs { get; init; } = 86_400_000;

    /// <summary><c>durability.mode</c>.</summary>
    public DurabilityMode Durability { get; init; } = DurabilityMode.Flush;
}

/// <summary>What every log of a node shares.</summary>
public sealed record LogEnvironment(Files Files, Effects Effects, Timers Timers, Prng Prng)
{
    /// <summary>One codec's working memory for all logs: only one is at work at a time.</summary>
    public Codec Codec { get; } = new();
}

/// <summary>Who hears that a log's written or flushed offset moved.</summary>
public interface ILogListener
{
    void LogAdvanced(PartitionLog log, in Now now);
}

/// <summary>What is known of a log before it is opened.</summary>
public readonly record struct OpenHints(
    bool WasCleanShutdown, Offset RecoveryPoint, Offset LogStartOffset, Uuid TopicId);
