using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Disk;

/// <summary>
/// How long an operation takes: uniform between two bounds, and now and then, as real disks do, far longer.
/// </summary>
public readonly record struct Latency(long LowUs, long HighUs, int TailPerMillion = 0, long TailUs = 0)
{
    public Duration Draw(Prng prng)
    {
        var us = prng.Between(LowUs, HighUs);
        return new Duration(prng.Chance(TailPerMillion) ? us + prng.Between(0, TailUs) : us);
    }
}

/// <summary>
/// How one simulated disk behaves. Without faults it loses nothing but what was not flushed when the power failed.
/// Each fault is off
/// at zero; chances are per operation, in parts per million.
/// </summary>
public sealed record DiskOptions
{
    public Latency Write { get; init; } = new(2, 40, 1_000, 20_000);

    public Latency Flush { get; init; } = new(100, 3_000, 10_000, 200_000);

    public Latency Read { get; init; } = new(5, 500, 5_000, 50_000);

    public Latency Names { get; init; } = new(50, 3_000, 10_000, 100_000);

    /// <summary>
    /// A flush reports failure, and what it should have written is gone though the cache still shows it.
    /// </summary>
    public int FailedFlush { get; init; }

    /// <summary>An append reports an error; part of its bytes may be in the file.</summary>
    public int FailedWrite { get; init; }

    /// <summary>A flush reports success but one page of it never reached the platter.</summary>
    public int LostWrite { get; init; }

    /// <summary>A flush reports success but one page of it went to a place in another file.</summary>
    public int MisdirectedWrite { get; init; }

    /// <summary>A bit of a file's flushed bytes flips, drawn per file whenever the power fails.</summary>
    public int BitRot { get; init; }

    /// <summary>Bytes that fit; an append beyond reports a full disk.</summary>
    public long Capacity { get; init; } = long.MaxValue;

    /// <summary>
    /// True where some fault may destroy what was flushed: then no promise about this disk's records holds.
    /// </summary>
    public bool BetraysFlushes => LostWrite > 0 || MisdirectedWrite > 0 || BitRot > 0;
}

/// <summary>How often each fault of a disk really happened. A fault that never fires proves nothing.</summary>
public sealed class DiskFaults
{
    public int FailedFlushes { get; set; }

    public int FailedWrites { get; set; }

    public int LostWrites { get; set; }

    public int MisdirectedWrites { get; set; }

    public int BitFlips { get; set; }

    public int DiskFull { get; set; }

    /// <summary>Files that came out of a power loss shorter, or with holes.</summary>
    public int TornFiles { get; set; }

    /// <summary>Files whose length survived without their bytes: zeros, or holes of zeros.</summary>
    public int ZeroedFiles { get; set; }

    /// <summary>Unflushed bytes that a power loss took, in whole files.</summary>
    public int LostTails { get; set; }

    /// <summary>Creations, renames and deletes that a power loss undid.</summary>
    public int LostNames { get; set; }

    /// <summary>Effects that a killed process had asked for and that were never carried out.</summary>
    public int LostRequests { get; set; }
}
