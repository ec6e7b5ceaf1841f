using System;
using System.Buffers.Binary;

namespace Deterministic.Protocol.Batches;

/// <summary>What a control record says. 0 and 1 end transactions; the others are of the metadata quorum.</summary>
public enum ControlRecordType : short
{
    /// <summary>A type from the future. Readers step over it.</summary>
    Unknown = -1,
    Abort = 0,
    Commit = 1,
    LeaderChange = 2,
    SnapshotHeader = 3,
    SnapshotFooter = 4,
    KRaftVersion = 5,
    KRaftVoters = 6,
}

/// <summary>Keys of control records, and the one value too small for a schema: the end of a transaction.</summary>
public static class ControlRecords
{
    public const int KeyBytes = 4;

    public const int EndTxnMarkerBytes = 6;

    private const short Version = 0;

    /// <summary>
    /// False where the bytes are no key. Versions above ours are read as ours, as Kafka does: they may only add.
    /// </summary>
    public static bool TryReadKey(ReadOnlySpan<byte> key, out ControlRecordType type)
    {
        type = ControlRecordType.Unknown;
        if (key.Length < KeyBytes || BinaryPrimitives.ReadInt16BigEndian(key) < Version)
        {
            return false;
        }

        var number = (ControlRecordType)BinaryPrimitives.ReadInt16BigEndian(key[sizeof(short)..]);
        type = number is >= ControlRecordType.Abort and <= ControlRecordType.KRaftVoters
            ? number
            : ControlRecordType.Unknown;
        return true;
    }

    /// <summary>The coordinator's epoch out of the value of an Abort or Commit.</summary>
    public static bool TryReadEndTxnMarker(ReadOnlySpan<byte> value, out int coordinatorEpoch)
    {
        coordinatorEpoch = 0;
        if (value.Length < EndTxnMarkerBytes || BinaryPrimitives.ReadInt16BigEndian(value) < Version)
        {
            return false;
        }

        coordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(value[sizeof(short)..]);
        return true;
    }

    /// <summary>Appends one control record to a batch begun with <see cref="BatchOptions.IsControl"/>.</summary>
    public static bool TryAppend(
        RecordBatchBuilder builder, long timestamp, ControlRecordType type, ReadOnlySpan<byte> value)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        BinaryPrimitives.WriteInt16BigEndian(key, Version);
        BinaryPrimitives.WriteInt16BigEndian(key[sizeof(short)..], (short)type);
        return builder.TryAppend(timestamp, key, value);
    }

    /// <summary>A whole marker batch: the transaction of this producer ended, and how.</summary>
    public static Memory<byte> BuildEndTxnMarker(
        RecordBatchBuilder builder, in BatchOptions options, long timestamp, bool isCommit, int coordinatorEpoch)
    {
        Span<byte> value = stackalloc byte[EndTxnMarkerBytes];
        BinaryPrimitives.WriteInt16BigEndian(value, Version);
        BinaryPrimitives.WriteInt32BigEndian(value[sizeof(short)..], coordinatorEpoch);
        builder.Begin(options with { IsControl = true, IsTransactional = true });
        TryAppend(builder, timestamp, isCommit ? ControlRecordType.Commit : ControlRecordType.Abort, value);
        return builder.Build();
    }
}
