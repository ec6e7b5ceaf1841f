using System;
using System.Globalization;

namespace Deterministic.Primitives;

/// <summary>A position in a partition: the first record has offset 0. Ends of ranges are exclusive.</summary>
public readonly record struct Offset(long Value) : IComparable<Offset>
{
    public static readonly Offset Zero;

    /// <summary>Kafka's "no offset", -1.</summary>
    public static readonly Offset None = new(-1);

    public static Offset Min(Offset a, Offset b) => a.Value <= b.Value ? a : b;

    public static Offset Max(Offset a, Offset b) => a.Value >= b.Value ? a : b;

    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    public static Offset operator +(Offset offset, long count) => new(offset.Value + count);

    public static long operator -(Offset left, Offset right) => left.Value - right.Value;

    public static bool operator <(Offset left, Offset right) => left.Value < right.Value;

    public static bool operator >(Offset left, Offset right) => left.Value > right.Value;

    public static bool operator <=(Offset left, Offset right) => left.Value <= right.Value;

    public static bool operator >=(Offset left, Offset right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// The term of a partition's leader: it fences stale leaders and drives truncation (KIP-101, KIP-320).
/// </summary>
public readonly record struct LeaderEpoch(int Value) : IComparable<LeaderEpoch>
{
    public static readonly LeaderEpoch None = new(-1);

    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"e{Value}");
}

/// <summary>A node's id (<c>node.id</c>), unique in the cluster.</summary>
public readonly record struct BrokerId(int Value)
{
    public static readonly BrokerId None = new(-1);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"b{Value}");
}

/// <summary>A file as kernel and runtime speak of it: the kernel chose the number when it named the path.</summary>
public readonly record struct FileId(int Value)
{
    public static readonly FileId None;

    public bool IsNone => Value == 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"f{Value}");
}

/// <summary>
/// Bytes that stay in a file until a runtime moves them: what a fetch answers with instead of a copy.
/// </summary>
public readonly record struct FileSlice(FileId File, long Position, int Length)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{File}[{Position}..{Position + Length}]");
}

/// <summary>
/// One connection of one node; a number is never used again. Those that others made are numbered by the runtime, from
/// zero on; those that the node dialled, by the node, below zero.
/// </summary>
public readonly record struct ConnectionId(long Value)
{
    /// <summary>True where this node made the connection.</summary>
    public bool IsDialled => Value < 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"c{Value}");
}
