using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>What one seed came to.</summary>
public sealed record SimulationResult(ulong Seed, Failure? Failure, ulong Hash, Counters Counters, int[] Probes)
{
    /// <summary>What the nodes believed in the end, where the run failed; else empty.</summary>
    public string Report { get; init; } = "";

    public long SimulatedUs { get; init; }

    public long Inputs { get; init; }

    public long Effects { get; init; }
}
