using System;
using Deterministic.Protocol.Compression;

namespace Deterministic.Protocol.Batches;

/// <summary>
/// What a topic, and the version of a produce request, ask of a client's batch. Begin with <c>new()</c>: Kafka's
/// defaults.
/// </summary>
public readonly record struct BatchRules()
{
    public const int DefaultMaxMessageBytes = 1048588;

    public const long DefaultTimestampAfterMaxMs = 3_600_000;

    /// <summary>No bound of Kafka's: what a compressed batch may become while it is looked at.</summary>
    public const int DefaultMaxDecompressedBytes = 64 * 1024 * 1024;

    public short ProduceVersion { get; init; } = short.MaxValue;

    /// <summary>cleanup.policy has compact: every record needs a key.</summary>
    public bool IsCompacted { get; init; }

    /// <summary>message.timestamp.type</summary>
    public TimestampType TimestampType { get; init; }

    /// <summary>message.timestamp.before.max.ms</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>message.timestamp.after.max.ms</summary>
    public long TimestampAfterMaxMs { get; init; } = DefaultTimestampAfterMaxMs;

    /// <summary>max.message.bytes</summary>
    public int MaxMessageBytes { get; init; } = DefaultMaxMessageBytes;

    public int MaxDecompressedBytes { get; init; } = DefaultMaxDecompressedBytes;

    /// <summary>compression.type and its level; null for "producer", which keeps what came.</summary>
    public CompressionSetting? Compression { get; init; }
}

/// <summary>One record that its topic refuses, by its place in the batch (KIP-467).</summary>
public readonly record struct RecordError(int BatchIndex, string Message);

/// <summary>What <see cref="BatchValidation"/> found.</summary>
/// <param name="Error">None where the batch may be appended.</param>
/// <param name="Message">Why not, for the client.</param>
public readonly record struct BatchVerdict(ErrorCode Error, string? Message)
{
    /// <summary>The batch's bytes. Bytes behind them that are no whole batch are not the producer's to store.</summary>
    public int SizeInBytes { get; init; }

    /// <summary>
    /// The largest timestamp the batch will have in the log: of its records, whatever its header said, or the
    /// broker's own where the topic has LogAppendTime.
    /// </summary>
    public long MaxTimestamp { get; init; }

    /// <summary>Which record is the first to have it; the last record where the broker stamps them all.</summary>
    public int OffsetDeltaOfMaxTimestamp { get; init; }

    /// <summary>The topic wants another codec: append what <see cref="BatchRewriter"/> makes of the batch.</summary>
    public bool MustRewrite { get; init; }
}
