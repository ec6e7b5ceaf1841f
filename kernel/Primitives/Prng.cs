using System;
using System.Numerics;

namespace Deterministic.Primitives;

/// <summary>
/// The kernel's only source of randomness: xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64.
/// It lives in the state of whoever draws from it, so the same seed and the same inputs give the same draws.
/// Not for secrets.
/// </summary>
public sealed class Prng
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    public Prng(ulong seed)
    {
        _s0 = SplitMix(ref seed);
        _s1 = SplitMix(ref seed);
        _s2 = SplitMix(ref seed);
        _s3 = SplitMix(ref seed);
    }

    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, bound); bound must be positive.</summary>
    public int Next(int bound)
    {
        Invariant.Check(bound > 0);
        return (int)(((UInt128)NextUInt64() * (ulong)bound) >> 64);
    }

    /// <summary>Uniform in [low, high], both included.</summary>
    public long Between(long low, long high)
    {
        Invariant.Check(low <= high);
        var span = (ulong)(high - low) + 1;
        return span == 0 ? (long)NextUInt64() : low + (long)(((UInt128)NextUInt64() * span) >> 64);
    }

    /// <summary>True once in <paramref name="outOf"/> draws on average; never where it is zero.</summary>
    public bool OneIn(int outOf) => outOf > 0 && Next(outOf) == 0;

    /// <summary>True with a chance given in parts per million, so that no floating point decides anything.</summary>
    public bool Chance(int perMillion) => perMillion > 0 && Next(1_000_000) < perMillion;

    /// <summary>An independent generator, for a part that must not disturb the draws of others.</summary>
    public Prng Fork() => new(NextUInt64());

    public void Fill(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)NextUInt64();
        }
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15UL;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
