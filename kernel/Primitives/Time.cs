using System;
using System.Globalization;

namespace Deterministic.Primitives;

/// <summary>A length of time in whole microseconds.</summary>
public readonly record struct Duration(long Microseconds) : IComparable<Duration>
{
    public static readonly Duration Zero;

    public static readonly Duration Max = new(long.MaxValue);

    public static Duration FromMilliseconds(long milliseconds) =>
        milliseconds >= long.MaxValue / 1000 ? Max : new(milliseconds * 1000);

    public static Duration FromSeconds(long seconds) =>
        seconds >= long.MaxValue / 1_000_000 ? Max : new(seconds * 1_000_000);

    public long Milliseconds => Microseconds / 1000;

    public int CompareTo(Duration other) => Microseconds.CompareTo(other.Microseconds);

    public static Duration operator +(Duration left, Duration right) => new(left.Microseconds + right.Microseconds);

    public static bool operator <(Duration left, Duration right) => left.Microseconds < right.Microseconds;

    public static bool operator >(Duration left, Duration right) => left.Microseconds > right.Microseconds;

    public static bool operator <=(Duration left, Duration right) => left.Microseconds <= right.Microseconds;

    public static bool operator >=(Duration left, Duration right) => left.Microseconds >= right.Microseconds;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Microseconds}us");
}

/// <summary>
/// A reading of the monotonic clock, in microseconds since an origin that differs per run. For time-outs only: it
/// never
/// goes back and means nothing to anybody else.
/// </summary>
public readonly record struct Instant(long Microseconds) : IComparable<Instant>
{
    public static readonly Instant Zero;

    public static readonly Instant Never = new(long.MaxValue);

    public static Instant Min(Instant a, Instant b) => a.Microseconds <= b.Microseconds ? a : b;

    public int CompareTo(Instant other) => Microseconds.CompareTo(other.Microseconds);

    /// <summary>Saturates at <see cref="Never"/>, so that an unlimited time-out never wraps into the past.</summary>
    public static Instant operator +(Instant instant, Duration duration) =>
        duration.Microseconds >= long.MaxValue - instant.Microseconds
            ? Never
            : new(instant.Microseconds + duration.Microseconds);

    public static Duration operator -(Instant left, Instant right) => new(left.Microseconds - right.Microseconds);

    public static bool operator <(Instant left, Instant right) => left.Microseconds < right.Microseconds;

    public static bool operator >(Instant left, Instant right) => left.Microseconds > right.Microseconds;

    public static bool operator <=(Instant left, Instant right) => left.Microseconds <= right.Microseconds;

    public static bool operator >=(Instant left, Instant right) => left.Microseconds >= right.Microseconds;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"t{Microseconds}");
}

/// <summary>
/// Both faces of now. They are kept apart by type: the monotonic instant is for time-outs, the wall clock
/// (milliseconds since 1970 UTC, may jump either way) only for timestamps that people and records carry.
/// </summary>
public readonly record struct Now(Instant Instant, long WallMs)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Instant}/{WallMs}");
}
