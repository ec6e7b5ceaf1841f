using System;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Membership;

/// <summary>This node's ways to the active controller: one for each purpose, so that none waits behind another.</summary>
/// <remarks>
/// Inputs   ControllerMoved, and what the ways are asked
/// Effects  those of the ways
/// </remarks>
public sealed class ControllerLinks : IActiveController
{
    private readonly ClusterMetadata _cluster;
    private readonly ControllerChannel[] _all;

    public ControllerLinks(ClusterMetadata cluster, PeerTable peers, Timers timers, StepClock clock)
    {
        _cluster = cluster;
        Heartbeats = new ControllerChannel(this, peers, timers, clock, "heartbeat");
        IsrChanges = new ControllerChannel(this, peers, timers, clock, "alter-partition");
        ProducerIds = new ControllerChannel(this, peers, timers, clock, "producer-ids");
        Forwarding = new ControllerChannel(this, peers, timers, clock, "forwarding");
        Registration = new ControllerChannel(this, peers, timers, clock, "registration");
        _all = [Heartbeats, IsrChanges, ProducerIds, Forwarding, Registration];
        cluster.WhenControllerMoved = ControllerMoved;
    }

    /// <summary>Registration and heartbeats: its end makes the controller doubt this broker.</summary>
    public ControllerChannel Heartbeats { get; }

    public ControllerChannel IsrChanges { get; }

    public ControllerChannel ProducerIds { get; }

    /// <summary>Clients' requests that only the controller may decide (KIP-590).</summary>
    public ControllerChannel Forwarding { get; }

    /// <summary>What a controller tells the active one of itself.</summary>
    public ControllerChannel Registration { get; }

    /// <summary>Opens an envelope on this node, which is the controller.</summary>
    public Action<EnvelopeRequest, Action<IMessage>>? OpenEnvelope { get; set; }

    /// <summary>Told when another node is the controller, or nobody: whoever must be heard by it says something.</summary>
    public Action? WhenMoved { get; set; }

    public bool IsSelf => _cluster.Controller.IsActive;

    public PeerAddress? Address => _cluster.Quorum.LeaderAddress;

    public void Handle(ApiKey key, IMessage request, Action<IMessage> answer)
    {
        if (request is EnvelopeRequest envelope && OpenEnvelope is { } open)
        {
            open(envelope, answer);
        }
        else
        {
            _cluster.Requests.Handle(key, request, answer);
        }
    }

    private void ControllerMoved()
    {
        foreach (var channel in _all)
        {
            channel.ControllerMoved();
        }

        WhenMoved?.Invoke();
    }
}
