using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>What the metadata quorum is told once: who it is, and through what it reaches the disk.</summary>
/// <param name="Log">Files, effects, timers and randomness.</param>
/// <param name="Clock">Timestamps of the batches it writes.</param>
/// <param name="Self">This node.</param>
/// <param name="ClusterId">The cluster it must be; null where the directory decides.</param>
public sealed record QuorumEnvironment(LogEnvironment Log, StepClock Clock, BrokerId Self, Uuid? ClusterId)
{
    /// <summary>The address that a new voters record names for this node.</summary>
    public string VoterHost { get; init; } = "localhost";

    public ushort VoterPort { get; init; }
}
