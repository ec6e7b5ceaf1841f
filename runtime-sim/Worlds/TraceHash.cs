using System;
using System.Runtime.InteropServices;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>
/// One number for everything that happened: every input and every effect of every node, in order, bytes included. Two
/// runs of
/// one seed must end with the same number. A running 64-bit hash that folds 128-bit products, eight bytes at a time.
/// </summary>
public struct TraceHash
{
    private const ulong FirstKey = 0x9E3779B97F4A7C15UL;
    private const ulong SecondKey = 0xD6E8FEB86659FD93UL;

    private ulong _state;

    public readonly ulong Value => Fold(_state ^ FirstKey, SecondKey);

    public void Add(long value) => _state = Fold(_state ^ (ulong)value ^ SecondKey, FirstKey);

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var state = _state ^ (ulong)bytes.Length;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        var pairs = words.Length & ~1;
        for (var i = 0; i < pairs; i += 2)
        {
            state = Fold(state ^ words[i] ^ FirstKey, words[i + 1] ^ SecondKey);
        }

        if (pairs < words.Length)
        {
            state = Fold(state ^ words[pairs] ^ FirstKey, SecondKey);
        }

        var rest = 0UL;
        for (var i = words.Length * 8; i < bytes.Length; i++)
        {
            rest = (rest << 8) | bytes[i];
        }

        _state = Fold(state ^ rest ^ SecondKey, FirstKey);
    }

    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }
}
