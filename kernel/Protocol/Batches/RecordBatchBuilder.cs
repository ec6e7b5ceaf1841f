using System;
using System.Buffers.Binary;
using Deterministic.Primitives;
using Deterministic.Protocol.Compression;
using static Deterministic.Protocol.Batches.RecordBatchLayout;

namespace Deterministic.Protocol.Batches;

/// <summary>Writes record batches: Begin, append records, Build; again and again, in the same memory.</summary>
/// <remarks>
/// The limit is on the batch before compression. <see cref="TryAppend(long, NullableBytes, NullableBytes,
/// ReadOnlySpan{RecordHeader})"/> says false, and has done nothing, when the record would pass it.
/// What <see cref="Build"/> returns is the builder's own memory and lasts until the next <see cref="Begin"/>.
/// </remarks>
public sealed class RecordBatchBuilder
{
    // State

    private readonly Codec _codec;
    private readonly ScratchBuffer _plain = new();
    private readonly ScratchBuffer _compressed = new();
    private BatchOptions _options = new();
    private long _baseTimestamp;
    private int _lastOffsetDelta;

    /// <param name="maxBytes">The most that a batch may take before compression.</param>
    /// <param name="codec">Shared with its owner's other builders; null for one of its own.</param>
    public RecordBatchBuilder(int maxBytes, Codec? codec = null)
    {
        Invariant.Check(maxBytes >= HeaderBytes);
        MaxBytes = maxBytes;
        _codec = codec ?? new Codec();
        Begin(_options);
    }

    public int MaxBytes { get; }

    public int RecordCount { get; private set; }

    /// <summary>The batch so far, before compression.</summary>
    public int SizeInBytes => _plain.Length;

    public long MaxTimestamp { get; private set; }

    /// <summary>The offset delta that the next record gets.</summary>
    public int NextOffsetDelta => _lastOffsetDelta + 1;

    public void Begin(in BatchOptions options)
    {
        _options = options;
        RecordCount = 0;
        _lastOffsetDelta = -1;
        _baseTimestamp = options.DeleteHorizonMs ?? NoTimestamp;
        MaxTimestamp = NoTimestamp;
        _plain.Clear();
        _plain.Reserve(HeaderBytes)[..HeaderBytes].Clear();
        _plain.Advance(HeaderBytes);
    }

    /// <summary>Appends a record with the next offset.</summary>
    public bool TryAppend(
        long timestamp, NullableBytes key, NullableBytes value, ReadOnlySpan<RecordHeader> headers = default) =>
        TryAppendAt(NextOffsetDelta, timestamp, key, value, headers);

    /// <summary>Appends a record at a chosen offset, above all before it: compaction leaves gaps.</summary>
    public bool TryAppendAt(
        int offsetDelta, long timestamp, NullableBytes key, NullableBytes value, ReadOnlySpan<RecordHeader> headers)
    {
        long headerBytes = Varint.SizeOf(headers.Length);
        foreach (var header in headers)
        {
            headerBytes += SizeOf(header.Key.Length) + SizeOf(header.Value?.Length ?? -1);
        }

        if (!TryBegin(offsetDelta, timestamp, key, value, headerBytes, out var room))
        {
            return false;
        }

        var at = WriteFixed(room, offsetDelta, timestamp, key, value);
        Varint.Write(room, ref at, headers.Length);
        foreach (var header in headers)
        {
            WriteBytes(room, ref at, header.Key);
            WriteBytes(room, ref at, header.Value);
        }

        End(offsetDelta, timestamp, at);
        return true;
    }

    /// <summary>Appends a record of another batch, its headers as they are.</summary>
    public bool TryCopy(in RecordView record, int offsetDelta, long timestamp)
    {
        var key = NullableBytes.KeyOf(record);
        var value = NullableBytes.ValueOf(record);
        var headerBytes = Varint.SizeOf(record.HeaderCount) + record.HeaderBytes.Length;
        if (!TryBegin(offsetDelta, timestamp, key, value, headerBytes, out var room))
        {
            return false;
        }

        var at = WriteFixed(room, offsetDelta, timestamp, key, value);
        Varint.Write(room, ref at, record.HeaderCount);
        record.HeaderBytes.CopyTo(room[at..]);
        End(offsetDelta, timestamp, at + record.HeaderBytes.Length);
        return true;
    }

    /// <summary>The batch of all records appended since Begin, complete with its checksum.</summary>
    public Memory<byte> Build()
    {
        var batch = _plain;
        if (_options.Compression.Type != CompressionType.None && RecordCount > 0)
        {
            _compressed.Clear();
            _compressed.Append(_plain.Written[..HeaderBytes]);
            _codec.Compress(_options.Compression, _plain.Written[HeaderBytes..], _compressed);
            batch = _compressed;
        }

        WriteHeader(batch.Written);
        return batch.WrittenMemory;
    }

    // Records

    private bool TryBegin(
        int offsetDelta, long timestamp, NullableBytes key, NullableBytes value, long headerBytes, out Span<byte> room)
    {
        Invariant.Check(offsetDelta > _lastOffsetDelta);
        room = default;
        if (RecordCount == 0 && _options.DeleteHorizonMs is null)
        {
            _baseTimestamp = timestamp;
        }

        var body = 1L + Varint.SizeOf(timestamp - _baseTimestamp) + Varint.SizeOf(offsetDelta)
            + SizeOf(key.LengthOrMinusOne) + SizeOf(value.LengthOrMinusOne) + headerBytes;
        var total = body + Varint.SizeOf(body);
        if (total > MaxBytes - _plain.Length)
        {
            return false;
        }

        var whole = _plain.Reserve((int)total)[..(int)total];
        var at = 0;
        Varint.Write(whole, ref at, body);
        _plain.Advance(at);
        room = whole[at..];
        return true;
    }

    private int WriteFixed(Span<byte> room, int offsetDelta, long timestamp, NullableBytes key, NullableBytes value)
    {
        room[0] = 0;
        var at = 1;
        Varint.Write(room, ref at, timestamp - _baseTimestamp);
        Varint.Write(room, ref at, offsetDelta);
        WriteBytes(room, ref at, key);
        WriteBytes(room, ref at, value);
        return at;
    }

    private void End(int offsetDelta, long timestamp, int bytes)
    {
        _plain.Advance(bytes);
        _lastOffsetDelta = offsetDelta;
        MaxTimestamp = Math.Max(MaxTimestamp, timestamp);
        RecordCount++;
    }

    private static long SizeOf(int length) => Varint.SizeOf(length) + Math.Max(0L, length);

    private static void WriteBytes(Span<byte> room, ref int at, NullableBytes bytes)
    {
        Varint.Write(room, ref at, bytes.LengthOrMinusOne);
        bytes.Bytes.CopyTo(room[at..]);
        at += bytes.Bytes.Length;
    }

    // Header

    private void WriteHeader(Span<byte> batch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[BaseOffsetAt..], _options.BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLengthAt..], batch.Length - LengthPrefixBytes);
        BinaryPrimitives.WriteInt32BigEndian(batch[PartitionLeaderEpochAt..], _options.PartitionLeaderEpoch);
        batch[MagicAt] = CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[AttributesAt..], Attributes());
        var lastOffsetDelta = _options.LastOffsetDelta ?? Math.Max(0, _lastOffsetDelta);
        Invariant.Check(lastOffsetDelta >= _lastOffsetDelta);
        BinaryPrimitives.WriteInt32BigEndian(batch[LastOffsetDeltaAt..], lastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(batch[BaseTimestampAt..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[MaxTimestampAt..], _options.LogAppendTimeMs ?? MaxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[ProducerIdAt..], _options.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[ProducerEpochAt..], _options.ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BaseSequenceAt..], _options.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordCountAt..], RecordCount);
        BinaryPrimitives.WriteUInt32BigEndian(batch[CrcAt..], Crc32C.Compute(batch[AttributesAt..]));
    }

    private short Attributes()
    {
        var attributes = RecordCount > 0 ? (int)_options.Compression.Type : 0;
        attributes |= _options.LogAppendTimeMs is null ? 0 : LogAppendTimeBit;
        attributes |= _options.IsTransactional ? TransactionalBit : 0;
        attributes |= _options.IsControl ? ControlBit : 0;
        attributes |= _options.DeleteHorizonMs is null ? 0 : DeleteHorizonBit;
        return (short)attributes;
    }
}
