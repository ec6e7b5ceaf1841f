using System;
using System.Buffers.Binary;
using Snappier;

namespace Deterministic.Protocol.Compression;

/// <summary>snappy in the block framing of xerial's Java library, which is what Kafka means by snappy.</summary>
/// <remarks>
/// Framed: a header of 16 bytes (magic, version, lowest compatible version), then blocks of a length and so many bytes
/// of plain snappy. librdkafka writes one plain block without the framing, so a reader looks for the magic first. The
/// header may come again in the middle, where streams were joined.
/// </remarks>
internal static class SnappyCodec
{
    private const int BlockBytes = 32 * 1024;

    private const int HeaderBytes = 16;

    private static ReadOnlySpan<byte> Header =>
        [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];

    private static ReadOnlySpan<byte> Magic => Header[..8];

    public static void Compress(ReadOnlySpan<byte> source, ScratchBuffer target)
    {
        target.Append(Header);
        while (!source.IsEmpty)
        {
            var block = source[..Math.Min(source.Length, BlockBytes)];
            var room = target.Reserve(sizeof(int) + Snappy.GetMaxCompressedLength(block.Length));
            var written = Snappy.Compress(block, room[sizeof(int)..]);
            BinaryPrimitives.WriteInt32BigEndian(room, written);
            target.Advance(sizeof(int) + written);
            source = source[block.Length..];
        }
    }

    public static CompressionError Decompress(ReadOnlySpan<byte> source, int maxBytes, ScratchBuffer target)
    {
        if (!source.StartsWith(Magic))
        {
            return DecompressBlock(source, ref maxBytes, target);
        }

        while (!source.IsEmpty)
        {
            if (source.StartsWith(Magic))
            {
                if (source.Length < HeaderBytes)
                {
                    return CompressionError.Corrupt;
                }

                source = source[HeaderBytes..];
                continue;
            }

            if (source.Length < sizeof(int))
            {
                return CompressionError.Corrupt;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(source);
            source = source[sizeof(int)..];
            if ((uint)length > (uint)source.Length)
            {
                return CompressionError.Corrupt;
            }

            var error = DecompressBlock(source[..length], ref maxBytes, target);
            if (error != CompressionError.None)
            {
                return error;
            }

            source = source[length..];
        }

        return CompressionError.None;
    }

    private static CompressionError DecompressBlock(ReadOnlySpan<byte> block, ref int left, ScratchBuffer target)
    {
        var length = SnappyBlock.Measure(block);
        if (length < 0)
        {
            return CompressionError.Corrupt;
        }

        if (length > left)
        {
            return CompressionError.TooLarge;
        }

        if (!Snappy.TryDecompress(block, target.Reserve(length)[..length], out var written) || written != length)
        {
            return CompressionError.Corrupt;
        }

        target.Advance(length);
        left -= length;
        return CompressionError.None;
    }
}
