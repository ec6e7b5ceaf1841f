using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>What is wrong with a batch, or unusual.</summary>
public enum Flaw
{
    None,
    NullRecords,
    NoBatch,
    NoRecords,
    TwoBatches,
    WrongCrc,
    MagicZero,
    MagicOne,
    MagicThree,
    Truncated,
    TrailingBytes,
    LengthTooSmall,
    Control,
    Transactional,
    LogAppendTime,
    DeleteHorizon,
    ReservedBits,
    UnknownCodec,
    CountTooHigh,
    CountTooLow,
    CountNegative,
    LastDeltaTooHigh,
    BaseOffsetFive,
    EpochNine,
    FarFuture,
    NegativeTime,
    NegativeSequence,
    NegativeEpoch,
    TooLarge,
    NoKey,
}

/// <summary>
/// One batch to produce: how many records, in which codec, by which producer, and what is wrong with it.
/// </summary>
public sealed record Batch(int Records, CompressionType Codec, int Producer, int Sequence, Flaw Flaw)
{
    private const int RoomForRecords = 1 << 16;
    private const int TooLargeBytes = 5000;

    public static Gen<Batch> Any { get; } =
        from records in Gen.Elements(1, 1, 2, 3)
        from codec in Gen.Frequency(
            (6, Gen.Constant(CompressionType.None)),
            (2, Gen.Elements(
                CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd)))
        from producer in Gen.Frequency((6, Gen.Constant(-1)), (3, Gen.Constant(0)), (1, Gen.Constant(1)))
        from sequence in Gen.Elements(0, 0, 1, 2, 3, 5, int.MaxValue)
        from flaw in Gen.Frequency((12, Gen.Constant(Flaw.None)), (5, Gen.Elements(Enum.GetValues<Flaw>())))
        select new Batch(records, codec, producer, sequence, flaw);

    /// <summary>The bytes; an answer's producer ids come from the scene.</summary>
    public Records? Bytes(Scene scene)
    {
        switch (Flaw)
        {
            case Flaw.NullRecords:
                return null;
            case Flaw.NoBatch:
                return Deterministic.Protocol.Records.Empty;
            default:
                var plain = Plain(scene);
                return new Records(Spoil(plain));
        }
    }

    private byte[] Plain(Scene scene)
    {
        var (id, epoch) = scene.Producer(Producer);
        var builder = new RecordBatchBuilder(RoomForRecords);
        builder.Begin(new BatchOptions
        {
            ProducerId = id,
            ProducerEpoch = Flaw == Flaw.NegativeEpoch ? (short)-1 : epoch,
            BaseSequence = Producer < 0 ? -1 : Flaw == Flaw.NegativeSequence ? -1 : Sequence,
            IsTransactional = Flaw == Flaw.Transactional,
            IsControl = Flaw == Flaw.Control,
            BaseOffset = Flaw == Flaw.BaseOffsetFive ? 5 : 0,
            PartitionLeaderEpoch = Flaw == Flaw.EpochNine ? 9 : -1,
            Compression = new CompressionSetting(Codec, LevelOf(Codec)),
        });
        for (var i = 0; i < (Flaw == Flaw.NoRecords ? 0 : Records); i++)
        {
            var value = Flaw == Flaw.TooLarge ? Noise() : Encoding.ASCII.GetBytes(FormattableString.Invariant($"v{i}"));
            var key = Flaw == Flaw.NoKey ? NullableBytes.Null : new(Encoding.ASCII.GetBytes($"k{i % 2}"));
            builder.TryAppend(TimeOf(i), key, new(value));
        }

        return builder.Build().ToArray();
    }

    private long TimeOf(int record) => Flaw switch
    {
        Flaw.FarFuture => 9_999_999_999_999,
        Flaw.NegativeTime => -5,
        _ => Values.SomeTime + record,
    };

    private byte[] Spoil(byte[] batch)
    {
        switch (Flaw)
        {
            case Flaw.TwoBatches:
                return [.. batch, .. batch];
            case Flaw.WrongCrc:
                batch[RecordBatchLayout.CrcAt] ^= 1;
                return batch;
            case Flaw.MagicZero or Flaw.MagicOne or Flaw.MagicThree:
                batch[RecordBatchLayout.MagicAt] = Flaw == Flaw.MagicThree ? (byte)3 : (byte)(Flaw - Flaw.MagicZero);
                return batch;
            case Flaw.Truncated:
                return batch[..^5];
            case Flaw.TrailingBytes:
                return [.. batch, 1, 2, 3];
            case Flaw.LengthTooSmall:
                BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.BatchLengthAt), 20);
                return batch;
            default:
                return SpoilHeader(batch);
        }
    }

    /// <summary>The flaws below the checksum, which is made right again: they have to be seen by themselves.</summary>
    private byte[] SpoilHeader(byte[] batch)
    {
        var attributes = batch.AsSpan(RecordBatchLayout.AttributesAt, 2);
        var count = batch.AsSpan(RecordBatchLayout.RecordCountAt, 4);
        switch (Flaw)
        {
            case Flaw.LogAppendTime:
                attributes[1] |= 8;
                break;
            case Flaw.DeleteHorizon:
                attributes[1] |= 64;
                break;
            case Flaw.ReservedBits:
                attributes[0] = 0x7F;
                break;
            case Flaw.UnknownCodec:
                attributes[1] = 6;
                break;
            case Flaw.CountTooHigh:
                BinaryPrimitives.WriteInt32BigEndian(count, Records + 1);
                break;
            case Flaw.CountTooLow:
                BinaryPrimitives.WriteInt32BigEndian(count, Records - 1);
                break;
            case Flaw.CountNegative:
                BinaryPrimitives.WriteInt32BigEndian(count, -1);
                break;
            case Flaw.LastDeltaTooHigh:
                BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.LastOffsetDeltaAt), Records + 3);
                break;
            default:
                return batch;
        }

        var crc = Crc32C.Compute(batch.AsSpan(RecordBatchLayout.AttributesAt));
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(RecordBatchLayout.CrcAt), crc);
        return batch;
    }

    /// <summary>Bytes that no codec makes small.</summary>
    private static byte[] Noise()
    {
        var bytes = new byte[TooLargeBytes];
        var state = 1u;
        for (var i = 0; i < bytes.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            bytes[i] = (byte)(state >> 24);
        }

        return bytes;
    }

    private static int LevelOf(CompressionType codec) => codec switch
    {
        CompressionType.Gzip => CompressionSetting.DefaultGzipLevel,
        CompressionType.Lz4 => CompressionSetting.DefaultLz4Level,
        CompressionType.Zstd => CompressionSetting.DefaultZstdLevel,
        _ => 0,
    };
}
