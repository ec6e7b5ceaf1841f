using System;
using System.Buffers.Binary;

namespace Deterministic.Protocol.Compression;

/// <summary>Walks a plain snappy block and writes nothing: does it decompress, and to how many bytes exactly?</summary>
/// <remarks>
/// The library that decompresses is content when enough bytes came out, whatever stands behind them. Java's is not, and
/// a batch that only some clients can read must not reach the log. It also makes the room needed known beforehand.
/// </remarks>
internal static class SnappyBlock
{
    private const int MaxLengthBytes = 5;

    /// <summary>Literals of 61 bytes and more have their length in 1 to 4 bytes of its own.</summary>
    private const int LongLiteral = 60;

    /// <summary>The length of the content; -1 where the block is broken.</summary>
    public static int Measure(ReadOnlySpan<byte> block)
    {
        var at = 0;
        if (!TryReadLength(block, ref at, out var claimed))
        {
            return -1;
        }

        var produced = 0L;
        while (at < block.Length)
        {
            var tag = block[at++];
            var isSound = (tag & 3) == 0
                ? TryWalkLiteral(block, ref at, tag >> 2, ref produced)
                : TryWalkCopy(block, ref at, tag, ref produced);
            if (!isSound || produced > claimed)
            {
                return -1;
            }
        }

        return produced == claimed ? (int)claimed : -1;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> block, ref int at, out long length)
    {
        length = 0;
        while (at < Math.Min(block.Length, MaxLengthBytes))
        {
            var next = block[at];
            length |= (long)(next & 0x7F) << (7 * at++);
            if (next < 0x80)
            {
                return length <= int.MaxValue;
            }
        }

        return false;
    }

    private static bool TryWalkLiteral(ReadOnlySpan<byte> block, ref int at, int code, ref long produced)
    {
        long length = code;
        if (code >= LongLiteral)
        {
            var bytes = code - LongLiteral + 1;
            if (bytes > block.Length - at)
            {
                return false;
            }

            length = 0;
            for (var i = 0; i < bytes; i++)
            {
                length |= (long)block[at++] << (8 * i);
            }
        }

        length++;
        if (length > block.Length - at)
        {
            return false;
        }

        at += (int)length;
        produced += length;
        return true;
    }

    private static bool TryWalkCopy(ReadOnlySpan<byte> block, ref int at, byte tag, ref long produced)
    {
        var kind = tag & 3;
        var bytes = kind == 3 ? sizeof(uint) : kind;
        if (bytes > block.Length - at)
        {
            return false;
        }

        var (offset, length) = kind switch
        {
            1 => ((uint)(tag >> 5 << 8) | block[at], ((tag >> 2) & 7) + 4),
            2 => (BinaryPrimitives.ReadUInt16LittleEndian(block[at..]), (tag >> 2) + 1),
            _ => (BinaryPrimitives.ReadUInt32LittleEndian(block[at..]), (tag >> 2) + 1),
        };
        at += bytes;
        var isSound = offset > 0 && offset <= produced;
        produced += length;
        return isSound;
    }
}
