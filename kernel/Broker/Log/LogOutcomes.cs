using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Who asks for an append; it decides what is checked and who assigns offsets.</summary>
public enum AppendOrigin : byte
{
    /// <summary>A producer: one batch, every check, offsets and epoch assigned.</summary>
    Client,

    /// <summary>A coordinator of this node: trusted, offsets and epoch assigned, control batches allowed.</summary>
    Coordinator,

    /// <summary>The leader of the metadata quorum: as a coordinator.</summary>
    Raft,

    /// <summary>What a leader sent: whole batches with their offsets and epochs, which are kept.</summary>
    Replica,
}

/// <summary>What became of an append.</summary>
/// <param name="Error">None where the batch is in the log, also where it had been there before.</param>
/// <param name="Message">Why not, for the client.</param>
public readonly record struct AppendOutcome(ErrorCode Error, string? Message)
{
    /// <summary>The records that made the batch invalid, or null where the batch as a whole is the reason.</summary>
    public IReadOnlyList<RecordError>? RecordErrors { get; init; }

    /// <summary>The first record's offset; -1 on an error.</summary>
    public Offset BaseOffset { get; init; } = Offset.None;

    /// <summary>
    /// The last record's offset; -1 on an error. An acknowledgement waits for this one, also of a duplicate.
    /// </summary>
    public Offset LastOffset { get; init; } = Offset.None;

    /// <summary>
    /// The time the broker stamped, or -1 where the producer's timestamps were kept; of a duplicate, as Kafka answers it, the
    /// greatest timestamp that its batch has, whoever gave it.
    /// </summary>
    public long LogAppendTimeMs { get; init; } = RecordBatchLayout.NoTimestamp;

    public Offset LogStartOffset { get; init; }

    /// <summary>The batch stood in the log already: the offsets are those it got then.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>The log is longer than it was.</summary>
    public bool IsAppended => Error == ErrorCode.None && !IsDuplicate;
}

/// <summary>How a read ended.</summary>
public enum ReadKind : byte
{
    /// <summary>There are batches.</summary>
    Found,

    /// <summary>Nothing between the two offsets, or nothing that fits.</summary>
    Empty,

    /// <summary>The offset is before the log's start or behind its end.</summary>
    OutOfRange,

    /// <summary>Where the batch stands is not in memory: <see cref="PartitionLog.ReadCold"/> finds it.</summary>
    NeedsDisk,
}

/// <summary>What a read found: whole batches from the one that holds the offset on; the last may be cut.</summary>
public readonly record struct ReadOutcome(ReadKind Kind, FileSlice Slice)
{
    internal static ReadOutcome Of(ReadKind kind) => new(kind, default);
}

/// <summary>The first record at or after a time; offset -1 where there is none.</summary>
public readonly record struct TimestampAnswer(Offset Offset, long TimestampMs, LeaderEpoch LeaderEpoch)
{
    public static TimestampAnswer None => new(Offset.None, -1, LeaderEpoch.None);
}

/// <summary>What a replay is shown of each batch, in order; the bytes last for the call.</summary>
public delegate void BatchReplay(in RecordBatchView batch);
