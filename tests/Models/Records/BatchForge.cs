using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Tests.Models.Records;

/// <summary>Writes batches that no builder would: every field by hand, each as wrong as a test likes.</summary>
public sealed class BatchForge
{
    public long BaseOffset { get; set; }

    public byte Magic { get; set; } = 2;

    public uint CrcMask { get; set; }

    public short Attributes { get; set; }

    public int? LastOffsetDelta { get; set; }

    public long BaseTimestamp { get; set; } = 1000;

    public long? MaxTimestamp { get; set; }

    public long ProducerId { get; set; } = -1;

    public short ProducerEpoch { get; set; } = -1;

    public int BaseSequence { get; set; } = -1;

    public int? Count { get; set; }

    public List<byte[]> Records { get; } = [];

    /// <summary>Changes the records' bytes, after compression.</summary>
    public Func<byte[], byte[]> Spoil { get; set; } = payload => payload;

    public byte[] Build()
    {
        byte[] payload = [.. Concatenate(Records)];
        var type = (CompressionType)(Attributes & RecordBatchLayout.CompressionMask);
        if (Codec.IsKnown(type))
        {
            var compressed = new ScratchBuffer();
            new Codec().Compress(CompressionSetting.Of(type), payload, compressed);
            payload = compressed.Written.ToArray();
        }

        payload = Spoil(payload);
        var batch = new byte[RecordBatchLayout.HeaderBytes + payload.Length];
        payload.CopyTo(batch, RecordBatchLayout.HeaderBytes);
        BinaryPrimitives.WriteInt64BigEndian(batch, BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(12), -1);
        batch[16] = Magic;
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(21), Attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(23), LastOffsetDelta ?? (Records.Count - 1));
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(27), BaseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(35), MaxTimestamp ?? BaseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(43), ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(51), ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(53), BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), Count ?? Records.Count);
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)) ^ CrcMask);
        return batch;
    }

    public BatchForge With(params byte[][] records)
    {
        Records.AddRange(records);
        return this;
    }

    /// <summary>A record; the key's length may be a lie, headers are raw bytes with their count.</summary>
    public static byte[] Record(
        long offsetDelta, long timestampDelta = 0, byte[]? key = null, int? keyLength = null, byte[]? headers = null,
        int lengthOff = 0)
    {
        List<byte> body = [0, .. Varint(timestampDelta), .. Varint(offsetDelta)];
        body.AddRange([.. Varint(keyLength ?? key?.Length ?? -1), .. key ?? []]);
        body.AddRange([2, (byte)'v', .. headers ?? [0]]);
        return [.. Varint(body.Count + lengthOff), .. body];
    }

    public static byte[] Key => [(byte)'k'];

    public static byte[] Varint(long value)
    {
        var raw = (ulong)((value << 1) ^ (value >> 63));
        var bytes = new List<byte>();
        for (; raw >= 0x80; raw >>= 7)
        {
            bytes.Add((byte)(raw | 0x80));
        }

        bytes.Add((byte)raw);
        return [.. bytes];
    }

    private static List<byte> Concatenate(List<byte[]> parts)
    {
        var all = new List<byte>();
        foreach (var part in parts)
        {
            all.AddRange(part);
        }

        return all;
    }
}
