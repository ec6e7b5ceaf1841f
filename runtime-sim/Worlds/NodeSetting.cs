using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>How one node's host is made.</summary>
public sealed record NodeSetting
{
    public DiskOptions Disk { get; init; } = new();

    /// <summary>How many listeners the node has, on ports that follow one another.</summary>
    public int Listeners { get; init; } = 1;

    /// <summary>How far the wall clock is off at the beginning.</summary>
    public long SkewUs { get; init; }

    /// <summary>How much too fast the wall clock runs, in parts per million.</summary>
    public int DriftPerMillion { get; init; }

    /// <summary>How much too fast the monotonic clock runs, in parts per million.</summary>
    public int PacePerMillion { get; init; }

    /// <summary>
    /// How often several inputs are stepped before effects are carried out, in parts per million of steps.
    /// </summary>
    public int Coalesce { get; init; } = 200_000;
}
