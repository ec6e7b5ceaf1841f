using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol.Compression;
using Xunit;
using ZstdSharp.Unsafe;

namespace Deterministic.Tests.Models.Records.Kafka;

/// <summary>
/// Streams that no codec of ours would write: joined, cut, spoiled. What Kafka reads we read, to the same bytes, and
/// what Kafka does not read we refuse, or a broker would hand its consumers batches they never get past.
/// </summary>
[Collection(BatchOracleCollection.Name)]
public sealed class KafkaCodecTests(BatchOracle oracle)
{
    private readonly Codec _codec = new();

    private static byte[] Content => [.. Enumerable.Range(0, 300).Select(i => (byte)(i * i / 60))];

    [KafkaFact]
    public void Joined_cut_and_spoiled_streams_are_read_as_Kafka_reads_them()
    {
        var differences = new List<string>();
        foreach (var type in Enum.GetValues<CompressionType>()[1..])
        {
            var name = type.ToString().ToLowerInvariant();
            foreach (var (what, bytes) in Variants(type))
            {
                var kafkas = oracle.Ask($"unpack {name} {BatchOracle.Hex(bytes)}", out var error);
                var ours = Unpack(type, bytes);
                if (ours != kafkas && !(ours is null && IsStricter(type, what)))
                {
                    differences.Add($"{type} {what}: ours {ours?.Length / 2}, Kafka's {kafkas?.Length / 2} {error}");
                }
            }
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [KafkaFact]
    public void Frames_that_other_libraries_write_are_read_as_Kafka_reads_them()
    {
        var large = new byte[300_000];
        new Random(5).NextBytes(large.AsSpan(0, 100_000));
        AssertSame("snappy", CompressionType.Snappy, Snappier.Snappy.CompressToArray(large), large);
        foreach (var flag in new[] { ZSTD_cParameter.ZSTD_c_checksumFlag, ZSTD_cParameter.ZSTD_c_contentSizeFlag })
        {
            using var compressor = new ZstdSharp.Compressor(5);
            compressor.SetParameter(flag, flag == ZSTD_cParameter.ZSTD_c_checksumFlag ? 1 : 0);
            AssertSame("zstd", CompressionType.Zstd, compressor.Wrap(large).ToArray(), large);
        }

        byte[] skippable = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3, .. Pack(CompressionType.Zstd, large)];
        AssertSame("zstd", CompressionType.Zstd, skippable, large);
        foreach (var type in Enum.GetValues<CompressionType>()[1..])
        {
            AssertSame(type.ToString().ToLowerInvariant(), type, Pack(type, large), large);
        }
    }

    [KafkaFact]
    public void Frame_headers_of_lz4_are_taken_and_refused_as_by_Kafka()
    {
        // Version 1 and independent blocks, which alone are good; then with content size, with content checksum,
        // with block checksums, with dependent blocks, with a dictionary. The checksum byte is found by trying all.
        var accepted = new List<int>();
        foreach (var flags in new byte[] { 0x60, 0x68, 0x64, 0x70, 0x40, 0x61 })
        {
            byte[] size = (flags & 8) != 0 ? [3, 0, 0, 0, 0, 0, 0, 0] : (flags & 1) != 0 ? [0, 0, 0, 0] : [];
            for (var checksum = 0; checksum < 256; checksum++)
            {
                byte[] frame = [4, 0x22, 0x4D, 0x18, flags, 0x70, .. size, (byte)checksum, 3, 0, 0, 0x80, 7, 8, 9];
                frame = [.. frame, 0, 0, 0, 0, 0, 0, 0, 0];
                var ours = Unpack(CompressionType.Lz4, frame);
                var kafkas = oracle.Ask($"unpack lz4 {BatchOracle.Hex(frame)}", out _);
                Assert.True(ours == kafkas || (ours is null && (flags & 0x14) != 0), $"{flags:x} {ours} {kafkas}");
                accepted.AddRange(ours is null ? [] : [flags]);
            }
        }

        Assert.Equal([0x60, 0x68], accepted);
    }

    private void AssertSame(string name, CompressionType type, byte[] packed, byte[] content)
    {
        Assert.Equal(BatchOracle.Hex(content), oracle.Ask($"unpack {name} {BatchOracle.Hex(packed)}"));
        Assert.Equal(BatchOracle.Hex(content), Unpack(type, packed));
    }

    private string? Unpack(CompressionType type, byte[] packed)
    {
        var target = new ScratchBuffer();
        return _codec.Decompress(type, packed, 1 << 20, target) == CompressionError.None
            ? BatchOracle.Hex(target.Written)
            : null;
    }

    /// <summary>What we refuse though Kafka reads something: where it is lax about ends and unread bits.</summary>
    private static bool IsStricter(CompressionType type, string what) => type switch
    {
        CompressionType.Gzip => what.EndsWith("behind", StringComparison.Ordinal)
            || what.EndsWith(" of byte 3 flipped", StringComparison.Ordinal),
        CompressionType.Snappy => what is "with a zero behind"
            || what.StartsWith("cut at 17 ", StringComparison.Ordinal)
            || what.StartsWith("cut at 18 ", StringComparison.Ordinal)
            || what.StartsWith("cut at 19 ", StringComparison.Ordinal),

        // A match at distance 0: Kafka's result is whatever its buffer held.
        CompressionType.Lz4 => what is "with bit 0 of byte 13 flipped",
        CompressionType.Zstd => what.StartsWith("cut at 0 ", StringComparison.Ordinal),
        CompressionType.None => false,
    };

    private IEnumerable<(string What, byte[] Bytes)> Variants(CompressionType type)
    {
        var good = Pack(type, Content);
        var other = Pack(type, [1, 2, 3]);
        yield return ("as it is", good);
        yield return ("of nothing", Pack(type, []));
        yield return ("joined", [.. good, .. other]);
        yield return ("joined with nothing", [.. good, .. Pack(type, []), .. other]);
        yield return ("with junk behind", [.. good, .. Enumerable.Repeat((byte)9, 20)]);
        yield return ("with a zero behind", [.. good, 0]);
        yield return ("with zeros behind", [.. good, .. new byte[16]]);
        for (var length = 0; length < good.Length; length++)
        {
            yield return ($"cut at {length} of {good.Length}", good[..length]);
        }

        for (var bit = 0; bit < Math.Min(good.Length, 48) * 8; bit++)
        {
            var spoiled = good.ToArray();
            spoiled[bit / 8] ^= (byte)(1 << (bit % 8));
            yield return ($"with bit {bit % 8} of byte {bit / 8} flipped", spoiled);
        }
    }

    private byte[] Pack(CompressionType type, byte[] content)
    {
        var packed = new ScratchBuffer();
        _codec.Compress(CompressionSetting.Of(type), content, packed);
        return packed.Written.ToArray();
    }
}
