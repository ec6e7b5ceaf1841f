using System;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Scenarios;

/// <summary>A number that a scenario leaves partly open: both bounds are included, and each use draws anew.</summary>
public readonly record struct ValueRange(long Low, long High)
{
    public long Draw(Prng prng) => prng.Between(Low, High);

    /// <summary>
    /// Reads <c>5</c>, <c>5..9</c>, with units: us, ms, s, m (to microseconds), KiB, MiB, GiB (to bytes), % (to parts
    /// per million).
    /// </summary>
    public static bool TryParse(string text, out ValueRange range)
    {
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        var (first, second) = dots < 0 ? (text, text) : (text[..dots], text[(dots + 2)..]);
        if (TryParseOne(first, out var low) && TryParseOne(second, out var high) && low <= high)
        {
            range = new ValueRange(low, high);
            return true;
        }

        range = default;
        return false;
    }

    private static bool TryParseOne(string text, out long value)
    {
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }

        value = 0;
        var unit = text[digits..] switch
        {
            "" => 1L,
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "KiB" => 1L << 10,
            "MiB" => 1L << 20,
            "GiB" => 1L << 30,
            "%" => 10_000,
            _ => 0,
        };
        if (unit == 0 || !decimal.TryParse(text[..digits], CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        value = (long)(number * unit);
        return true;
    }
}
