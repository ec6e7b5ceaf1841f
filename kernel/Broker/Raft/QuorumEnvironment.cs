using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>What the metadata quorum is told once: who it is, and through what it reaches the disk and the others.</summary>
/// <param name="Log">Files, effects, timers and randomness.</param>
/// <param name="Clock">Timestamps of the batches it writes.</param>
/// <param name="Peers">Connections to the other members.</param>
/// <param name="Self">This node.</param>
/// <param name="ClusterId">The cluster it must be; null where the directory decides.</param>
public sealed record QuorumEnvironment(
    LogEnvironment Log, StepClock Clock, PeerTable Peers, BrokerId Self, Uuid? ClusterId)
{
    /// <summary>The address that a new voters record names for this node.</summary>
    public string VoterHost { get; init; } = "localhost";

    public ushort VoterPort { get; init; }

    /// <summary>False for a node that is a broker alone: it follows the log and never votes.</summary>
    public bool MayVote { get; init; } = true;

    /// <summary><c>controller.quorum.voters</c>; what the directory's own voters record says goes before it.</summary>
    public IReadOnlyList<PeerAddress> StaticVoters { get; init; } = [];

    /// <summary><c>controller.quorum.bootstrap.servers</c>: asked who leads where nobody else is known.</summary>
    public IReadOnlyList<PeerAddress> BootstrapServers { get; init; } = [];

    public QuorumTimeouts Timeouts { get; init; } = new();

    public SnapshotLimits Snapshots { get; init; } = new();
}
