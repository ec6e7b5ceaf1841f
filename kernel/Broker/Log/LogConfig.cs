using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Broker.Log;

/// <summary>What an acknowledged record has to have survived: our own topic configuration durability.mode.</summary>
public enum DurabilityMode : byte
{
    /// <summary>Flushed to the platter: the power may fail everywhere at once.</summary>
    Flush,

    /// <summary>Written to the page cache: Kafka's own promise.</summary>
    PageCache,
}

/// <summary>
/// What a topic's configuration means to one of its logs. The names are Kafka's, the values its defaults.
/// </summary>
public sealed record LogConfig
{
    private const long WeekMs = 7L * 24 * 60 * 60 * 1000;

    private const long DayMs = 24L * 60 * 60 * 1000;

    /// <summary>segment.bytes</summary>
    public int SegmentBytes { get; init; } = 1 << 30;

    /// <summary>segment.ms</summary>
    public long SegmentMs { get; init; } = WeekMs;

    /// <summary>segment.jitter.ms</summary>
    public long SegmentJitterMs { get; init; }

    /// <summary>segment.index.bytes: a full index makes its segment roll.</summary>
    public int SegmentIndexBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>index.interval.bytes</summary>
    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary>max.message.bytes</summary>
    public int MaxMessageBytes { get; init; } = BatchRules.DefaultMaxMessageBytes;

    /// <summary>retention.bytes, -1 without limit.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>retention.ms, -1 without limit.</summary>
    public long RetentionMs { get; init; } = WeekMs;

    /// <summary>file.delete.delay.ms</summary>
    public long FileDeleteDelayMs { get; init; } = 60_000;

    /// <summary>message.timestamp.type</summary>
    public TimestampType TimestampType { get; init; }

    /// <summary>message.timestamp.before.max.ms</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>message.timestamp.after.max.ms</summary>
    public long TimestampAfterMaxMs { get; init; } = BatchRules.DefaultTimestampAfterMaxMs;

    /// <summary>compression.type and its level; null for "producer".</summary>
    public CompressionSetting? Compression { get; init; }

    /// <summary>cleanup.policy has compact.</summary>
    public bool IsCompacted { get; init; }

    /// <summary>cleanup.policy has delete.</summary>
    public bool IsDeleted { get; init; } = true;

    /// <summary>durability.mode</summary>
    public DurabilityMode Durability { get; init; }

    /// <summary>producer.id.expiration.ms</summary>
    public long ProducerIdExpirationMs { get; init; } = DayMs;

    /// <summary>delete.retention.ms</summary>
    public long DeleteRetentionMs { get; init; } = DayMs;

    /// <summary>What a client's compressed batch may become while its records are checked.</summary>
    public int MaxDecompressedBytes { get; init; } = BatchRules.DefaultMaxDecompressedBytes;

    /// <summary>The part of it that judges a client's batch.</summary>
    internal BatchRules ToBatchRules() => new()
    {
        IsCompacted = IsCompacted,
        TimestampType = TimestampType,
        TimestampBeforeMaxMs = TimestampBeforeMaxMs,
        TimestampAfterMaxMs = TimestampAfterMaxMs,
        MaxMessageBytes = MaxMessageBytes,
        MaxDecompressedBytes = MaxDecompressedBytes,
        Compression = Compression,
    };
}
