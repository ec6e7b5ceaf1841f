using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Deterministic.Protocol.Batches;

/// <summary>The signed, zigzag-coded varints inside records.</summary>
/// <remarks>
/// Reading takes a position and gives the next one, negative where there is no varint; a negative position gives a
/// negative one again, so that a reader of several looks once. One or two bytes, which most are, are read inline:
/// perf/Micro/BatchBench.cs is why.
/// </remarks>
internal static class Varint
{
    public const int MaxBytes32 = 5;

    public const int MaxBytes64 = 10;

    /// <summary>Up to five bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(ReadOnlySpan<byte> bytes, int at, out int value)
    {
        var next = ReadRaw(bytes, at, MaxBytes32, out var raw);
        value = (int)((uint)raw >> 1) ^ -(int)(raw & 1);
        return next;
    }

    /// <summary>Up to ten bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(ReadOnlySpan<byte> bytes, int at, out long value)
    {
        var next = ReadRaw(bytes, at, MaxBytes64, out var raw);
        value = (long)(raw >> 1) ^ -(long)(raw & 1);
        return next;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadRaw(ReadOnlySpan<byte> bytes, int at, int maxBytes, out ulong raw)
    {
        if ((uint)at < (uint)bytes.Length)
        {
            ulong first = bytes[at];
            if (first < 0x80)
            {
                raw = first;
                return at + 1;
            }

            if ((uint)(at + 1) < (uint)bytes.Length && bytes[at + 1] < 0x80)
            {
                raw = (first & 0x7F) | ((ulong)bytes[at + 1] << 7);
                return at + 2;
            }
        }

        var next = ReadLong(bytes, at, maxBytes, out var value);
        raw = value;
        return next;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadLong(ReadOnlySpan<byte> bytes, int at, int maxBytes, out ulong raw)
    {
        raw = 0;
        for (var i = 0; i < maxBytes && (uint)at < (uint)bytes.Length; i++)
        {
            var part = bytes[at++];
            raw |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                return at;
            }
        }

        return -1;
    }
}
