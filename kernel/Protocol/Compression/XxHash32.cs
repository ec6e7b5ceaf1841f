using System;
using System.Buffers.Binary;
using System.Numerics;

namespace Deterministic.Protocol.Compression;

/// <summary>xxHash32 with seed 0: the checksum inside lz4 frames.</summary>
internal static class XxHash32
{
    private const uint Prime1 = 0x9E3779B1;

    private const uint Prime2 = 0x85EBCA77;

    private const uint Prime3 = 0xC2B2AE3D;

    private const uint Prime4 = 0x27D4EB2F;

    private const uint Prime5 = 0x165667B1;

    private const int StripeBytes = 16;

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var length = (uint)bytes.Length;
        var hash = bytes.Length >= StripeBytes ? HashStripes(ref bytes) : Prime5;
        hash = unchecked(hash + length);
        while (bytes.Length >= sizeof(uint))
        {
            hash = unchecked(BitOperations.RotateLeft(hash + (Lane(bytes) * Prime3), 17) * Prime4);
            bytes = bytes[sizeof(uint)..];
        }

        foreach (var value in bytes)
        {
            hash = unchecked(BitOperations.RotateLeft(hash + (value * Prime5), 11) * Prime1);
        }

        hash = unchecked((hash ^ (hash >> 15)) * Prime2);
        hash = unchecked((hash ^ (hash >> 13)) * Prime3);
        return hash ^ (hash >> 16);
    }

    private static uint HashStripes(ref ReadOnlySpan<byte> bytes)
    {
        var a = unchecked(Prime1 + Prime2);
        var b = Prime2;
        var c = 0u;
        var d = unchecked(0u - Prime1);
        while (bytes.Length >= StripeBytes)
        {
            a = Round(a, Lane(bytes));
            b = Round(b, Lane(bytes[4..]));
            c = Round(c, Lane(bytes[8..]));
            d = Round(d, Lane(bytes[12..]));
            bytes = bytes[StripeBytes..];
        }

        return unchecked(BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7)
            + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18));
    }

    private static uint Round(uint accumulator, uint lane) =>
        unchecked(BitOperations.RotateLeft(accumulator + (lane * Prime2), 13) * Prime1);

    private static uint Lane(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
