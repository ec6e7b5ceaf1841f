using System;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Records;

/// <summary>Bytes from anybody: nothing throws, nothing hangs, nothing grows past its limit.</summary>
[Properties(Arbitrary = [typeof(RecordArbitraries)], MaxTest = 100)]
public sealed class HostileBytesTests
{
    private const int MaxDecompressedBytes = 1 << 20;

    /// <summary>Working memory of the codecs themselves and what a test run costs anyway.</summary>
    private const int Overhead = 4 << 20;

    private static readonly CompressionType[] Types = Enum.GetValues<CompressionType>();

    [Property]
    public void Random_bytes_are_refused_quietly(byte[] bytes, byte codec)
    {
        ReadAll(bytes);
        var target = new ScratchBuffer();
        new Codec().Decompress((CompressionType)codec, bytes, MaxDecompressedBytes, target);
        Assert.True(target.Length <= MaxDecompressedBytes);
    }

    [Property]
    public void Batches_with_flipped_bits_are_refused_or_read(RecordModel[] records, byte codec, uint[] flips)
    {
        var bytes = Build(records, Types[codec % Types.Length]);
        foreach (var flip in flips)
        {
            bytes[flip / 8 % bytes.Length] ^= (byte)(1 << (int)(flip % 8));
        }

        Sign(bytes);
        ReadAll(bytes);
    }

    [Property]
    public void Truncated_payloads_are_refused_or_read(RecordModel[] records, byte codec, ushort cut)
    {
        var bytes = Build(records, Types[codec % Types.Length]);
        bytes = bytes[..^(cut % (bytes.Length - RecordBatchLayout.HeaderBytes + 1))];
        bytes[8] = bytes[9] = 0;
        bytes[10] = (byte)((bytes.Length - 12) >> 8);
        bytes[11] = (byte)(bytes.Length - 12);
        Sign(bytes);
        ReadAll(bytes);
    }

    [Fact]
    public void A_flipped_bit_behind_the_epoch_never_passes_the_checksum()
    {
        var bytes = Build([new(5, [1], [2], [])], CompressionType.None);
        var validation = new BatchValidation();
        for (var bit = RecordBatchLayout.CrcAt * 8; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(ErrorCode.None, validation.Validate(bytes, new(), 5).Error);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(ErrorCode.None, validation.Validate(bytes, new(), 5).Error);
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void A_bomb_is_stopped_at_the_limit(CompressionType type)
    {
        var codec = new Codec();
        var bomb = new ScratchBuffer();
        codec.Compress(CompressionSetting.Of(type), new byte[64 << 20], bomb);
        var source = bomb.Written.ToArray();
        var target = new ScratchBuffer();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(CompressionError.TooLarge, codec.Decompress(type, source, MaxDecompressedBytes, target));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < source.Length + (2 * MaxDecompressedBytes) + Overhead, $"{allocated}");
        Assert.Equal(0, target.Length);
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void The_limit_is_exact(CompressionType type)
    {
        var codec = new Codec();
        var content = Enumerable.Range(0, 100_000).Select(i => (byte)(i * i / 17)).ToArray();
        var packed = new ScratchBuffer();
        codec.Compress(CompressionSetting.Of(type), content, packed);
        var target = new ScratchBuffer();
        target.Append("before"u8);
        Assert.Equal(
            CompressionError.TooLarge, codec.Decompress(type, packed.Written, content.Length - 1, target));
        Assert.Equal("before"u8, target.Written);
        Assert.Equal(CompressionError.None, codec.Decompress(type, packed.Written, content.Length, target));
        Assert.True(target.Written[6..].SequenceEqual(content));
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void The_same_bytes_compress_to_the_same_bytes_whatever_came_before(CompressionType type)
    {
        var random = new Random(3);
        var used = new Codec();
        for (var i = 0; i < 40; i++)
        {
            var content = new byte[random.Next(200_000)];
            random.NextBytes(content.AsSpan(0, content.Length / 3));
            var setting = CompressionSetting.Of(type);
            setting = setting with { Level = i % 4 == 0 ? setting.Level : 1 + (i % 12) };
            var first = new ScratchBuffer();
            used.Compress(setting, content, first);
            var second = new ScratchBuffer();
            new Codec().Compress(setting, content, second);
            Assert.True(first.Written.SequenceEqual(second.Written));
        }
    }

    [Fact]
    public void A_header_count_that_lies_costs_nothing()
    {
        var batch = new BatchForge().With(BatchForge.Record(0, headers: BatchForge.Varint(int.MaxValue))).Build();
        var validation = new BatchValidation();
        validation.Validate(batch, new(), 5);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = validation.Validate(batch, new(), 5);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(ErrorCode.InvalidRecord, verdict.Error);
    }

    private static byte[] Build(RecordModel[] records, CompressionType type)
    {
        var builder = new RecordBatchBuilder(1 << 26);
        builder.Begin(new BatchOptions { Compression = CompressionSetting.Of(type) });
        Assert.All(records, record => Assert.True(record.TryAppendTo(builder)));
        return builder.Build().ToArray();
    }

    /// <summary>Makes the checksum right, so that what lies behind it is reached.</summary>
    private static void Sign(byte[] bytes)
    {
        if (RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _))
        {
            batch.RecomputeCrc();
        }
    }

    private static void ReadAll(byte[] bytes)
    {
        var left = bytes.AsSpan();
        var reader = new BatchReader();
        while (RecordBatches.TryRead(left, out var batch, out _))
        {
            left = left[batch.SizeInBytes..];
            if (reader.Open(batch, MaxDecompressedBytes, out var records) != BatchError.None)
            {
                continue;
            }

            while (records.MoveNext())
            {
                RecordModel.Of(batch, records.Current);
            }
        }

        new BatchValidation().Validate(bytes, new BatchRules { MaxDecompressedBytes = MaxDecompressedBytes }, 5);
    }
}
