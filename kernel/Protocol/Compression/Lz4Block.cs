using System;
using System.Buffers.Binary;

namespace Deterministic.Protocol.Compression;

/// <summary>Walks one lz4 block without writing anything: does it decompress, and to how many bytes exactly?</summary>
/// <remarks>
/// The library that decompresses takes a match at distance 0 for one, and copies what the target held before: memory of
/// somebody else's batch. Such a block is broken. It also makes the room needed known beforehand.
/// </remarks>
internal static class Lz4Block
{
    private const int MinMatchBytes = 4;

    /// <summary>A length nibble of this value goes on in bytes of its own.</summary>
    private const int LongLength = 15;

    /// <summary>The length of the content; -1 where the block is broken or the content passes the limit.</summary>
    public static int Measure(ReadOnlySpan<byte> block, int maxBytes)
    {
        var at = 0;
        var produced = 0L;
        while (at < block.Length)
        {
            var token = block[at++];
            if (!TryReadLength(block, ref at, token >> 4, out var literals) || literals > block.Length - at)
            {
                return -1;
            }

            at += (int)literals;
            produced += literals;
            if (at == block.Length)
            {
                return produced <= maxBytes ? (int)produced : -1;
            }

            if (!BinaryPrimitives.TryReadUInt16LittleEndian(block[at..], out var distance)
                || distance == 0
                || distance > produced)
            {
                return -1;
            }

            at += sizeof(ushort);
            if (!TryReadLength(block, ref at, token & 15, out var match))
            {
                return -1;
            }

            produced += match + MinMatchBytes;
        }

        // A block ends with literals, if only with none of them.
        return -1;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> block, ref int at, int nibble, out long length)
    {
        length = nibble;
        if (nibble < LongLength)
        {
            return true;
        }

        while (at < block.Length)
        {
            var next = block[at++];
            length += next;
            if (next < byte.MaxValue)
            {
                return true;
            }
        }

        return false;
    }
}
