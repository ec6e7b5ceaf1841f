using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Deterministic.Protocol.Batches;

/// <summary>The signed, zigzag-coded varints inside records.</summary>
internal static class Varint
{
    public const int MaxBytes32 = 5;

    public const int MaxBytes64 = 10;

    /// <summary>Reads at <paramref name="at"/> and moves it on; false past the end or past five bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, scoped ref int at, out int value)
    {
        var read = TryReadShort(bytes, ref at, out var raw) || TryReadLong(bytes, ref at, MaxBytes32, out raw);
        value = (int)((uint)raw >> 1) ^ -(int)(raw & 1);
        return read;
    }

    /// <summary>The same for up to ten bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, scoped ref int at, out long value)
    {
        var read = TryReadShort(bytes, ref at, out var raw) || TryReadLong(bytes, ref at, MaxBytes64, out raw);
        value = (long)(raw >> 1) ^ -(long)(raw & 1);
        return read;
    }

    public static int SizeOf(long value)
    {
        var raw = (ulong)((value << 1) ^ (value >> 63));
        return (70 - BitOperations.LeadingZeroCount(raw | 1)) / 7;
    }

    /// <summary>Writes at <paramref name="at"/> and moves it on. A 32-bit value is written as the long it is.</summary>
    public static void Write(Span<byte> bytes, ref int at, long value)
    {
        var raw = (ulong)((value << 1) ^ (value >> 63));
        while (raw >= 0x80)
        {
            bytes[at++] = (byte)(raw | 0x80);
            raw >>= 7;
        }

        bytes[at++] = (byte)raw;
    }

    /// <summary>One or two bytes, which most are. `perf batches` is why it is apart and inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadShort(ReadOnlySpan<byte> bytes, scoped ref int at, out ulong raw)
    {
        raw = 0;
        var first = at;
        if ((uint)first >= (uint)bytes.Length)
        {
            return false;
        }

        raw = bytes[first];
        if (raw < 0x80)
        {
            at = first + 1;
            return true;
        }

        var second = first + 1;
        if ((uint)second >= (uint)bytes.Length || bytes[second] >= 0x80)
        {
            return false;
        }

        raw = (raw & 0x7F) | ((ulong)bytes[second] << 7);
        at = second + 1;
        return true;
    }

    private static bool TryReadLong(ReadOnlySpan<byte> bytes, scoped ref int at, int maxBytes, out ulong raw)
    {
        raw = 0;
        for (var i = 0; i < maxBytes && (uint)at < (uint)bytes.Length; i++)
        {
            var next = bytes[at++];
            raw |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
