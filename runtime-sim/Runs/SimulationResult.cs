using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>What one seed came to.</summary>
public sealed record SimulationResult(ulong Seed, Failure? Failure, ulong Hash, Counters Counters, int[] Probes)
{
    public long SimulatedUs { get; init; }

    public long Inputs { get; init; }

    public long Effects { get; init; }
}
