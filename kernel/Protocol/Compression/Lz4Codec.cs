using System;
using System.Buffers.Binary;
using K4os.Compression.LZ4;

namespace Deterministic.Protocol.Compression;

/// <summary>lz4 in its standard frame so far as Kafka reads it: version 1, independent blocks, no dictionary.</summary>
/// <remarks>
/// Written as Kafka writes it: blocks of 64 KiB, no checksums but the header's, no content size. Frames whose
/// blocks depend on each other are refused, though we could read them: Java's consumers cannot, and a broker
/// that accepted one would hand them a batch they never get past.
/// </remarks>
internal static class Lz4Codec
{
    private const uint Magic = 0x184D2204;

    private const int BlockBytes = 64 * 1024;

    /// <summary>Version 1, independent blocks.</summary>
    private const byte WrittenFlags = 0x60;

    /// <summary>Blocks of at most 64 KiB.</summary>
    private const byte WrittenBlockDescriptor = 0x40;

    private const byte BlockChecksumFlag = 0x10;

    private const byte ContentSizeFlag = 0x08;

    private const byte ContentChecksumFlag = 0x04;

    private const uint StoredBit = 0x80000000;

    /// <summary>Kafka's default, which stands for the fast compressor; other levels are of the thorough one.</summary>
    private const int FastLevel = 9;

    public static void Compress(ReadOnlySpan<byte> source, int level, ScratchBuffer target)
    {
        ReadOnlySpan<byte> descriptor = [WrittenFlags, WrittenBlockDescriptor];
        Span<byte> head = stackalloc byte[7];
        BinaryPrimitives.WriteUInt32LittleEndian(head, Magic);
        descriptor.CopyTo(head[4..]);
        head[6] = (byte)(XxHash32.Compute(descriptor) >> 8);
        target.Append(head);
        while (!source.IsEmpty)
        {
            var block = source[..Math.Min(source.Length, BlockBytes)];
            CompressBlock(block, LevelOf(level), target);
            source = source[block.Length..];
        }

        target.Append([0, 0, 0, 0]);
    }

    private static LZ4Level LevelOf(int level) => level switch
    {
        FastLevel => LZ4Level.L00_FAST,
        <= (int)LZ4Level.L03_HC => LZ4Level.L03_HC,
        >= (int)LZ4Level.L12_MAX => LZ4Level.L12_MAX,
        _ => (LZ4Level)level,
    };

    private static void CompressBlock(ReadOnlySpan<byte> block, LZ4Level level, ScratchBuffer target)
    {
        var room = target.Reserve(sizeof(uint) + LZ4Codec.MaximumOutputSize(block.Length));
        var written = LZ4Codec.Encode(block, room[sizeof(uint)..], level);
        if (written > 0 && written < block.Length)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(room, (uint)written);
        }
        else
        {
            written = block.Length;
            BinaryPrimitives.WriteUInt32LittleEndian(room, (uint)written | StoredBit);
            block.CopyTo(room[sizeof(uint)..]);
        }

        target.Advance(sizeof(uint) + written);
    }

    /// <summary>Like Kafka's reader, stops at the end of the first frame and does not look behind it.</summary>
    public static CompressionError Decompress(ReadOnlySpan<byte> source, int maxBytes, ScratchBuffer target)
    {
        var left = maxBytes;
        if (!TryReadHeader(ref source, out var flags, out var maxBlockBytes))
        {
            return CompressionError.Corrupt;
        }

        var start = target.Length;
        while (true)
        {
            if (!TryReadUInt32(ref source, out var prefix))
            {
                return CompressionError.Corrupt;
            }

            if (prefix == 0)
            {
                break;
            }

            var length = prefix & ~StoredBit;
            if (length > (uint)maxBlockBytes || length > (uint)source.Length)
            {
                return CompressionError.Corrupt;
            }

            var block = source[..(int)length];
            source = source[(int)length..];
            if ((flags & BlockChecksumFlag) != 0
                && (!TryReadUInt32(ref source, out var checksum) || checksum != XxHash32.Compute(block)))
            {
                return CompressionError.Corrupt;
            }

            var written = DecompressBlock(block, (prefix & StoredBit) != 0, maxBlockBytes, target);
            if (written < 0)
            {
                return CompressionError.Corrupt;
            }

            if (written > left)
            {
                return CompressionError.TooLarge;
            }

            target.Advance(written);
            left -= written;
        }

        if ((flags & ContentChecksumFlag) != 0
            && (!TryReadUInt32(ref source, out var sum) || sum != XxHash32.Compute(target.Written[start..])))
        {
            return CompressionError.Corrupt;
        }

        return CompressionError.None;
    }

    private static bool TryReadHeader(ref ReadOnlySpan<byte> source, out byte flags, out int maxBlockBytes)
    {
        flags = 0;
        maxBlockBytes = 0;
        if (!TryReadUInt32(ref source, out var magic) || magic != Magic || source.Length < 3)
        {
            return false;
        }

        flags = source[0];
        var blockSize = source[1] >> 4;
        var isKafkas = (flags & 0xE3) == WrittenFlags && blockSize is >= 4 and <= 7 && (source[1] & 0x0F) == 0;
        var descriptorBytes = 2 + ((flags & ContentSizeFlag) != 0 ? sizeof(ulong) : 0);
        if (!isKafkas
            || source.Length <= descriptorBytes
            || source[descriptorBytes] != (byte)(XxHash32.Compute(source[..descriptorBytes]) >> 8))
        {
            return false;
        }

        maxBlockBytes = 1 << (2 * blockSize + 8);
        source = source[(descriptorBytes + 1)..];
        return true;
    }

    /// <summary>Writes behind the target's end without advancing it; negative where the block is corrupt.</summary>
    private static int DecompressBlock(
        ReadOnlySpan<byte> block, bool isStored, int maxBlockBytes, ScratchBuffer target)
    {
        if (isStored)
        {
            block.CopyTo(target.Reserve(block.Length));
            return block.Length;
        }

        var length = Lz4Block.Measure(block, maxBlockBytes);
        if (length < 0)
        {
            return -1;
        }

        // One byte more than needed: the library wants a target even for nothing.
        var written = LZ4Codec.Decode(block, target.Reserve(length + 1)[..Math.Max(1, length)]);
        return written == length ? length : -1;
    }

    private static bool TryReadUInt32(ref ReadOnlySpan<byte> source, out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32LittleEndian(source, out value))
        {
            return false;
        }

        source = source[sizeof(uint)..];
        return true;
    }
}
