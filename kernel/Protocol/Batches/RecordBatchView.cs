using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Deterministic.Protocol.Compression;
using static Deterministic.Protocol.Batches.RecordBatchLayout;

namespace Deterministic.Protocol.Batches;

/// <summary>One record batch (magic 2) in place: names for its bytes, nothing copied, nothing trusted.</summary>
/// <remarks>
/// Made by <see cref="RecordBatches"/>, which has checked that the header is there and, except for
/// <see cref="RecordBatches.TryReadHeader"/>, the whole batch. Values are what the bytes say: a hostile batch may
/// carry any count, delta or attribute, and only <see cref="BatchValidation"/> judges them.
/// Base offset and leader epoch lie outside the checksum and may be set at will. Every other setter ends with
/// <see cref="RecomputeCrc"/>.
/// </remarks>
public readonly ref struct RecordBatchView
{
    private readonly Span<byte> _bytes;

    internal RecordBatchView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>A view of read-only bytes, for readers alone: its setters must not be called.</summary>
    internal static RecordBatchView OfReadOnly(ReadOnlySpan<byte> bytes) =>
        new(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(bytes), bytes.Length));

    /// <summary>The batch's bytes: all of them, or the header alone where only that was read.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>False for a view of the header alone.</summary>
    public bool IsWhole => _bytes.Length == SizeInBytes;

    public int SizeInBytes => LengthPrefixBytes + BatchLength;

    /// <summary>The bytes after the header: records, compressed as one block where there is a codec.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[HeaderBytes..];

    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(_bytes[BaseOffsetAt..]);

    public int BatchLength => ReadInt32(BatchLengthAt);

    public int PartitionLeaderEpoch => ReadInt32(PartitionLeaderEpochAt);

    public byte Magic => _bytes[MagicAt];

    public uint Crc => (uint)ReadInt32(CrcAt);

    public short Attributes => ReadInt16(AttributesAt);

    public int LastOffsetDelta => ReadInt32(LastOffsetDeltaAt);

    public long BaseTimestamp => ReadInt64(BaseTimestampAt);

    public long MaxTimestamp => ReadInt64(MaxTimestampAt);

    public long ProducerId => ReadInt64(ProducerIdAt);

    public short ProducerEpoch => ReadInt16(ProducerEpochAt);

    public int BaseSequence => ReadInt32(BaseSequenceAt);

    public int RecordCount => ReadInt32(RecordCountAt);

    // What the fields mean

    public long LastOffset => BaseOffset + LastOffsetDelta;

    public long NextOffset => LastOffset + 1;

    /// <summary>May be a number without a codec (5 to 7): see <see cref="Codec.IsKnown"/>.</summary>
    public CompressionType Compression => (CompressionType)(Attributes & CompressionMask);

    public TimestampType TimestampType =>
        (Attributes & LogAppendTimeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    public bool IsTransactional => (Attributes & TransactionalBit) != 0;

    public bool IsControl => (Attributes & ControlBit) != 0;

    /// <summary>Where true, <see cref="BaseTimestamp"/> is the time from which tombstones may go.</summary>
    public bool HasDeleteHorizon => (Attributes & DeleteHorizonBit) != 0;

    public bool HasProducerId => ProducerId > NoProducerId;

    /// <summary>The sequence of the last record; sequences wrap from the greatest int to 0.</summary>
    public int LastSequence => BaseSequence == NoSequence
        ? NoSequence
        : unchecked(BaseSequence + LastOffsetDelta) & int.MaxValue;

    public uint ComputeCrc() => Crc32C.Compute(_bytes[AttributesAt..]);

    public bool IsValidCrc => ComputeCrc() == Crc;

    public long OffsetOf(in RecordView record) => BaseOffset + record.OffsetDelta;

    public long TimestampOf(in RecordView record) =>
        TimestampType == TimestampType.LogAppendTime ? MaxTimestamp : BaseTimestamp + record.TimestampDelta;

    /// <summary>The records of an uncompressed batch; for a compressed one see <see cref="BatchReader"/>.</summary>
    public RecordEnumerator Records => new(Payload, RecordCount);

    // Setters, in place

    public void SetBaseOffset(long value) => BinaryPrimitives.WriteInt64BigEndian(_bytes[BaseOffsetAt..], value);

    /// <summary>Moves the base offset so that the last record gets this offset.</summary>
    public void SetLastOffset(long value) => SetBaseOffset(value - LastOffsetDelta);

    public void SetPartitionLeaderEpoch(int value) =>
        BinaryPrimitives.WriteInt32BigEndian(_bytes[PartitionLeaderEpochAt..], value);

    public void SetAttributes(short value) => BinaryPrimitives.WriteInt16BigEndian(_bytes[AttributesAt..], value);

    public void SetMaxTimestamp(long value) => BinaryPrimitives.WriteInt64BigEndian(_bytes[MaxTimestampAt..], value);

    public void SetTimestampType(TimestampType value) => SetAttributes((short)(value == TimestampType.LogAppendTime
        ? Attributes | LogAppendTimeBit
        : Attributes & ~LogAppendTimeBit));

    public void RecomputeCrc() => BinaryPrimitives.WriteUInt32BigEndian(_bytes[CrcAt..], ComputeCrc());

    private short ReadInt16(int at) => BinaryPrimitives.ReadInt16BigEndian(_bytes[at..]);

    private int ReadInt32(int at) => BinaryPrimitives.ReadInt32BigEndian(_bytes[at..]);

    private long ReadInt64(int at) => BinaryPrimitives.ReadInt64BigEndian(_bytes[at..]);
}
