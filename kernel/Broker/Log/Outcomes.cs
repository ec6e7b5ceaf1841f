using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Who appends, and therefore what is checked.</summary>
public enum AppendOrigin : byte
{
    /// <summary>A producer: nothing is believed.</summary>
    Client,

    /// <summary>A coordinator of this node, which built the batches itself.</summary>
    Coordinator,

    /// <summary>The metadata quorum of this node.</summary>
    Raft,
}

/// <summary>How an append ended.</summary>
public readonly struct AppendOutcome
{
    public ErrorCode Error { get; init; }

    public string? Message { get; init; }

    /// <summary>
    /// Records that made the batch be refused (KIP-467); null where the batch as a whole is the reason.
    /// </summary>
    public IReadOnlyList<RecordError>? RecordErrors { get; init; }

    public Offset BaseOffset { get; init; }

    public Offset LastOffset { get; init; }

    /// <summary>The broker's own timestamp where the topic has LogAppendTime, else -1.</summary>
    public long LogAppendTimeMs { get; init; }

    /// <summary>The batch was appended before; the offsets are those it has had since.</summary>
    public bool IsDuplicate { get; init; }

    public bool IsAppended => Error == ErrorCode.None && !IsDuplicate;

    public static AppendOutcome Refused(ErrorCode error, string? message = null) =>
        new() { Error = error, Message = message, LogAppendTimeMs = -1, BaseOffset = Offset.None };
}

/// <summary>What a read found.</summary>
public enum ReadKind : byte
{
    Found,
    Empty,
    OutOfRange,

    /// <summary>The position is not known in memory: <see cref="PartitionLog.ReadCold"/> finds it.</summary>
    NeedsDisk,
}

/// <summary>A range of a segment file, beginning with the batch that holds the offset asked for.</summary>
public readonly record struct ReadOutcome(ReadKind Kind, FileSlice Slice);

/// <summary>The record a timestamp led to; <see cref="None"/> where there is none.</summary>
public readonly record struct TimestampAnswer(Offset Offset, long TimestampMs, LeaderEpoch LeaderEpoch)
{
    public static readonly TimestampAnswer None = new(Offset.None, -1, LeaderEpoch.None);
}
