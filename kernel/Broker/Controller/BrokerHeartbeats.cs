using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides BrokerHeartbeat: what a broker is to be, from what it is and what it asks for.</summary>
/// <remarks>
/// Fenced        -> Unfenced      it has read its own registration and does not ask to stay fenced
/// Fenced        -> may stop      it wants to shut down: it leads nothing
/// Unfenced      -> Fenced        it asks for it
/// Unfenced      -> Shutting down it wants to shut down and leads something
/// Unfenced      -> may stop      it wants to shut down and leads nothing
/// Shutting down -> may stop      it leads nothing, and every live broker has read who leads now
///
/// Whoever may stop is fenced by the same decision. The last step waits for the others because a client that is sent to
/// the new leader before that knows of it would only be sent back.
/// </remarks>
internal sealed class BrokerHeartbeats
{
    private readonly Controller _controller;
    private readonly ClusterImage _cluster;

    /// <summary>Where the log stood when a broker began to shut down.</summary>
    private readonly SortedDictionary<int, (long Epoch, long Offset)> _leavingSince = [];

    public BrokerHeartbeats(Controller controller)
    {
        _controller = controller;
        _cluster = controller.View.Image.Cluster;
    }

    /// <summary>At once, before the request waits its turn: a broker is not silent because the controller is busy.</summary>
    public void Heard(BrokerHeartbeatRequest request)
    {
        if (_cluster.Find(request.BrokerId)?.Epoch == request.BrokerEpoch)
        {
            _controller.Sessions.Heard(request.BrokerId, request.BrokerEpoch, request.CurrentMetadataOffset);
        }
    }

    public BrokerHeartbeatResponse Decide(BrokerHeartbeatRequest request, List<MetadataRecord> records)
    {
        if (_cluster.Find(request.BrokerId) is not { } broker)
        {
            return Refuse(ErrorCode.BrokerIdNotRegistered);
        }

        if (broker.Epoch != request.BrokerEpoch)
        {
            return Refuse(ErrorCode.StaleBrokerEpoch);
        }

        var response = new BrokerHeartbeatResponse
        {
            IsCaughtUp = request.CurrentMetadataOffset >= broker.RegisteredAt,
            IsFenced = broker.IsFenced,
        };
        var fencing = new BrokerFencing(_controller.View);
        if (request.WantShutDown)
        {
            DecideShutdown(broker, request, response, fencing, records);
        }
        else if (broker.IsFenced)
        {
            if (!request.WantFence && response.IsCaughtUp)
            {
                fencing.Unfence(broker, records);
                response.IsFenced = false;
            }
        }
        else if (request.WantFence)
        {
            fencing.Fence(broker, records);
            response.IsFenced = true;
        }

        return response;
    }

    private void DecideShutdown(
        BrokerRegistration broker,
        BrokerHeartbeatRequest request,
        BrokerHeartbeatResponse response,
        BrokerFencing fencing,
        List<MetadataRecord> records)
    {
        if (broker.IsFenced)
        {
            response.ShouldShutDown = true;
            return;
        }

        var isLeader = LeadsAnything(broker.Id);
        if (!broker.IsInControlledShutdown && isLeader && !request.WantFence)
        {
            fencing.BeginShutdown(broker, records);
            _leavingSince[broker.Id] = (broker.Epoch, _controller.NextOffset + records.Count - 1);
        }
        else if (!isLeader && EverybodyKnows(broker))
        {
            fencing.Fence(broker, records);
            _leavingSince.Remove(broker.Id);
            response.IsFenced = true;
            response.ShouldShutDown = true;
        }
    }

    private bool LeadsAnything(int broker)
    {
        foreach (var topic in _controller.View.Image.Topics.All)
        {
            foreach (var partition in topic.Partitions)
            {
                if (partition.Leader == broker)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool EverybodyKnows(BrokerRegistration leaving)
    {
        if (!_leavingSince.TryGetValue(leaving.Id, out var since) || since.Epoch != leaving.Epoch)
        {
            // Nothing was moved away, or another controller did it, and nobody is left who could know.
            return true;
        }

        foreach (var broker in _cluster.Brokers)
        {
            var isCounted = broker is { IsFenced: false, IsInControlledShutdown: false };
            if (isCounted && _controller.Sessions.OffsetOf(broker.Id) < since.Offset)
            {
                return false;
            }
        }

        return true;
    }

    private static BrokerHeartbeatResponse Refuse(ErrorCode error) => new() { ErrorCode = (short)error };
}
