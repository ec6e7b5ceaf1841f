using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmCrc32 = System.Runtime.Intrinsics.Arm.Crc32;

namespace Deterministic.Protocol;

/// <summary>CRC-32C (Castagnoli), the checksum of record batches and of most of Kafka's files.</summary>
/// <remarks>
/// Three forms, one result: carry-less multiplication folds long spans at memory speed, the processor's own CRC
/// instruction takes short spans and tails, and <see cref="AppendByTable"/> works anywhere. The table form is the
/// oracle of the tests. `perf crc` measures all of them and is the reason for the intrinsics.
/// </remarks>
public static class Crc32C
{
    // State

    private const uint ReflectedPolynomial = 0x82F63B78;

    /// <summary>Below this, setting up the folding costs more than it saves.</summary>
    private const int WideFoldMinBytes = 512;

    private const int FoldMinBytes = 256;

    private static readonly uint[] Table = BuildTable();

    private static readonly Vector128<ulong> FoldBy16 = FoldingConstants(16);

    private static readonly Vector128<ulong> FoldBy64 = FoldingConstants(64);

    private static readonly Vector512<ulong> WideFoldBy64 = Broadcast(FoldBy64);

    private static readonly Vector512<ulong> WideFoldBy256 = Broadcast(FoldingConstants(256));

    /// <summary>The checksum of a span.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of what gave <paramref name="crc"/>, followed by <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        if (Sse42.X64.IsSupported)
        {
            return ~AppendOnX86(~crc, bytes);
        }

        return ArmCrc32.Arm64.IsSupported ? ~AppendOnArm(~crc, bytes) : AppendByTable(crc, bytes);
    }

    /// <summary>The portable form: a byte at a time.</summary>
    public static uint AppendByTable(uint crc, ReadOnlySpan<byte> bytes)
    {
        var state = ~crc;
        foreach (var value in bytes)
        {
            state = (state >> 8) ^ Table[(byte)(state ^ value)];
        }

        return ~state;
    }

    // Processors. From here on, `state` is the register: the complement of a checksum.

    private static uint AppendOnX86(uint state, ReadOnlySpan<byte> bytes)
    {
        if (Pclmulqdq.V512.IsSupported && bytes.Length >= WideFoldMinBytes)
        {
            var (folded, length) = FoldWide(state, bytes);
            state = Reduce(folded);
            bytes = bytes[length..];
        }
        else if (Pclmulqdq.IsSupported && bytes.Length >= FoldMinBytes)
        {
            var (folded, length) = Fold(state, bytes);
            state = Reduce(folded);
            bytes = bytes[length..];
        }

        ulong wide = state;
        while (bytes.Length >= sizeof(ulong))
        {
            wide = Sse42.X64.Crc32(wide, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        state = (uint)wide;
        foreach (var value in bytes)
        {
            state = Sse42.Crc32(state, value);
        }

        return state;
    }

    private static uint AppendOnArm(uint state, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            state = ArmCrc32.Arm64.ComputeCrc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            state = ArmCrc32.ComputeCrc32C(state, value);
        }

        return state;
    }

    // Folding: 16 bytes followed by n others are congruent to 16 other bytes, n places further on. So long as spans
    // are folded into one block of 16 bytes, the checksum of that block, started from zero, is that of the whole.

    private static (Vector128<ulong> Folded, int Length) FoldWide(uint state, ReadOnlySpan<byte> bytes)
    {
        var blocks = MemoryMarshal.Cast<byte, Vector512<ulong>>(bytes);
        var a = blocks[0] ^ Vector512.CreateScalar((ulong)state);
        var b = blocks[1];
        var c = blocks[2];
        var d = blocks[3];
        var at = 4;
        for (; at + 4 <= blocks.Length; at += 4)
        {
            a = Shift(a, WideFoldBy256) ^ blocks[at];
            b = Shift(b, WideFoldBy256) ^ blocks[at + 1];
            c = Shift(c, WideFoldBy256) ^ blocks[at + 2];
            d = Shift(d, WideFoldBy256) ^ blocks[at + 3];
        }

        b ^= Shift(a, WideFoldBy64);
        c ^= Shift(b, WideFoldBy64);
        d ^= Shift(c, WideFoldBy64);
        var low = d.GetLower();
        var high = d.GetUpper();
        var lanes = Join(low.GetLower(), low.GetUpper(), high.GetLower(), high.GetUpper());
        return (lanes, at * Vector512<byte>.Count);
    }

    private static (Vector128<ulong> Folded, int Length) Fold(uint state, ReadOnlySpan<byte> bytes)
    {
        var blocks = MemoryMarshal.Cast<byte, Vector128<ulong>>(bytes);
        var a = blocks[0] ^ Vector128.CreateScalar((ulong)state);
        var b = blocks[1];
        var c = blocks[2];
        var d = blocks[3];
        var at = 4;
        for (; at + 4 <= blocks.Length; at += 4)
        {
            a = Shift(a, FoldBy64) ^ blocks[at];
            b = Shift(b, FoldBy64) ^ blocks[at + 1];
            c = Shift(c, FoldBy64) ^ blocks[at + 2];
            d = Shift(d, FoldBy64) ^ blocks[at + 3];
        }

        return (Join(a, b, c, d), at * Vector128<byte>.Count);
    }

    private static Vector128<ulong> Join(
        Vector128<ulong> a, Vector128<ulong> b, Vector128<ulong> c, Vector128<ulong> d)
    {
        b ^= Shift(a, FoldBy16);
        c ^= Shift(b, FoldBy16);
        return d ^ Shift(c, FoldBy16);
    }

    private static Vector512<ulong> Shift(Vector512<ulong> block, Vector512<ulong> by) =>
        Pclmulqdq.V512.CarrylessMultiply(block, by, 0x00) ^ Pclmulqdq.V512.CarrylessMultiply(block, by, 0x11);

    private static Vector128<ulong> Shift(Vector128<ulong> block, Vector128<ulong> by) =>
        Pclmulqdq.CarrylessMultiply(block, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(block, by, 0x11);

    private static uint Reduce(Vector128<ulong> folded) =>
        (uint)Sse42.X64.Crc32(Sse42.X64.Crc32(0, folded.GetElement(0)), folded.GetElement(1));

    // Constants

    /// <summary>
    /// The two multipliers that move a block on by a distance: x^(d+63) for its first half, x^(d-1) for its second,
    /// each one power short because a product of two reflected numbers comes out one place too far.
    /// </summary>
    private static Vector128<ulong> FoldingConstants(int distanceBytes)
    {
        var bits = distanceBytes * 8;
        return Vector128.Create((ulong)PowerOfX(bits + 63) << 32, (ulong)PowerOfX(bits - 1) << 32);
    }

    private static Vector512<ulong> Broadcast(Vector128<ulong> lane)
    {
        var half = Vector256.Create(lane, lane);
        return Vector512.Create(half, half);
    }

    /// <summary>x to a power, modulo the polynomial, in reflected order (the highest bit is x to the 0).</summary>
    private static uint PowerOfX(int power)
    {
        var value = 0x80000000u;
        for (var i = 0; i < power; i++)
        {
            value = TimesX(value);
        }

        return value;
    }

    private static uint TimesX(uint value) => (value >> 1) ^ ((value & 1) == 0 ? 0 : ReflectedPolynomial);

    private static uint[] BuildTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = TimesX(value);
            }

            table[i] = value;
        }

        return table;
    }
}
