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
    /// <summary>Where other members reach this one; they know each other by the name of the first listener.</summary>
    public IReadOnlyList<VoterEndpoint> Endpoints { get; init; } = [new(Voter.UsualListener, "localhost", 0)];

    /// <summary>The listener over which this node speaks with other members.</summary>
    public string Listener => Endpoints[0].Listener;

    /// <summary><c>controller.quorum.auto.join.enable</c>: a controller that does not vote asks to be allowed to.</summary>
    public bool MayJoin { get; init; }

    /// <summary>False for a node that is a broker alone: it follows the log and never votes.</summary>
    public bool MayVote { get; init; } = true;

    /// <summary><c>controller.quorum.voters</c>; what the directory's own voters record says goes before it.</summary>
    public IReadOnlyList<PeerAddress> StaticVoters { get; init; } = [];

    /// <summary><c>controller.quorum.bootstrap.servers</c>: asked who leads where nobody else is known.</summary>
    public IReadOnlyList<PeerAddress> BootstrapServers { get; init; } = [];

    public QuorumTimeouts Timeouts { get; init; } = new();

    public SnapshotLimits Snapshots { get; init; } = new();
}
