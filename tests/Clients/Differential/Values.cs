using System;
using System.Collections.Generic;
using Deterministic.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>Values that requests are made of: mostly sensible, sometimes at an edge, sometimes wrong.</summary>
public static class Values
{
    /// <summary>What records are stamped with: a fixed time in the past, so that both brokers see the same.</summary>
    public const long SomeTime = 1_700_000_000_000;

    public static Gen<short> VersionOf(ApiKey key) => Gen.Frequency(
        (2, Gen.Constant(ApiTable.Highest(key))),
        (5, Gen.Choose(ApiTable.Lowest(key), ApiTable.Highest(key)).Select(version => (short)version)));

    /// <summary>t0 (2 partitions) and t1 (1) exist from the start; t2 and t3 only where a step made them.</summary>
    public static Gen<string> Topic { get; } = Gen.Frequency(
        (12, Gen.Constant("t0")), (6, Gen.Constant("t1")), (3, Gen.Constant("t2")), (1, Gen.Constant("t3")),
        (1, Gen.Elements("missing", "", ".", "a b", "x/y", new string('n', 250))));

    /// <summary>Names to create topics by.</summary>
    public static Gen<string> NewTopic { get; } = Gen.Frequency(
        (4, Gen.Constant("t2")), (4, Gen.Constant("t3")), (2, Gen.Constant("t0")),
        (2, Gen.Elements("", ".", "..", "a b", "x/y", "__consumer_offsets", new string('n', 250))));

    public static Gen<int> Partition { get; } = Gen.Frequency(
        (10, Gen.Constant(0)), (4, Gen.Constant(1)), (1, Gen.Elements(2, 9, -1, int.MaxValue)));

    public static Gen<long> FetchOffset { get; } = Gen.Frequency(
        (6, Gen.Constant(0L)), (6, Gen.Choose(1, 12).Select(offset => (long)offset)),
        (1, Gen.Elements(-1L, -2, 100, long.MaxValue)));

    /// <summary>A partition's leader epoch as a client believes it to be.</summary>
    public static Gen<int> LeaderEpoch { get; } = Gen.Frequency(
        (6, Gen.Constant(-1)), (4, Gen.Constant(0)), (1, Gen.Elements(1, 7, -2)));

    public static Gen<string> Group { get; } = Gen.Frequency(
        (10, Gen.Constant("g0")), (3, Gen.Constant("g1")), (1, Gen.Elements("g9", "")));

    /// <summary>Slot 0 to 2 of the members; -1 stands for the empty id, -2 for an id that nobody has.</summary>
    public static Gen<int> Member { get; } = Gen.Frequency(
        (10, Gen.Constant(0)), (4, Gen.Constant(1)), (1, Gen.Elements(-1, -2)));

    public static Gen<string?> InstanceId { get; } =
        Gen.Frequency((8, Gen.Constant((string?)null)), (1, Gen.Elements<string?>("i0", "i1")));

    public static Gen<bool> Bool { get; } = Gen.Elements(true, false);

    /// <summary>True once in so many times.</summary>
    public static Gen<bool> OneIn(int times) => Gen.Choose(1, times).Select(chosen => chosen == 1);

    public static Gen<List<T>> ListOf<T>(Gen<T> element, int least, int most) =>
        from count in Gen.Choose(least, most)
        from elements in Gen.ListOf(element, count)
        select new List<T>(elements);
}
