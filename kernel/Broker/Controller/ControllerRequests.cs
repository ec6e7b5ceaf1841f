using System;
using System.Collections.Generic;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>What brokers ask of the active controller, the same for the network and for the broker on this very node.</summary>
/// <remarks>
/// Inputs   Handle, ConnectionLost
/// Effects  operations of the controller; every request is answered once, NOT_CONTROLLER where this is not the one
///
/// Brokers repeat a request whose answer was lost. Each is therefore such that the second time does nothing more: epochs of
/// brokers, leaders and partitions see to that, and only a block of producer ids is simply given again.
/// </remarks>
public sealed class ControllerRequests
{
    private readonly Controller _controller;
    private readonly BrokerHeartbeats _heartbeats;

    public ControllerRequests(Controller controller)
    {
        _controller = controller;
        _heartbeats = new BrokerHeartbeats(controller);
    }

    /// <summary>True for the keys that <see cref="Handle"/> knows.</summary>
    public static bool Knows(ApiKey key) =>
        key is ApiKey.BrokerRegistration or ApiKey.BrokerHeartbeat or ApiKey.ControllerRegistration
            or ApiKey.AlterPartition or ApiKey.AllocateProducerIds or ApiKey.AssignReplicasToDirs;

    /// <summary>Answers once, now or in a later step.</summary>
    public void Handle(ApiKey key, IMessage request, Action<IMessage> answer)
    {
        switch (request)
        {
            case BrokerRegistrationRequest registration:
                Register(registration, answer);
                break;
            case BrokerHeartbeatRequest heartbeat:
                _heartbeats.Heard(heartbeat);
                Submit(
                    records => _heartbeats.Decide(heartbeat, records),
                    error => new BrokerHeartbeatResponse { ErrorCode = (short)error },
                    answer);
                break;
            case AlterPartitionRequest change:
                AlterPartition(change, answer);
                break;
            case AllocateProducerIdsRequest allocation:
                Submit(
                    records => ProducerIdAllocation.Decide(_controller.View, allocation, records),
                    error => new AllocateProducerIdsResponse { ErrorCode = (short)error },
                    answer);
                break;
            case AssignReplicasToDirsRequest assignment:
                Submit(
                    records => DirectoryAssignment.Decide(_controller.View, assignment, records),
                    error => new AssignReplicasToDirsResponse { ErrorCode = (short)error },
                    answer);
                break;
            case ControllerRegistrationRequest registration:
                Submit(
                    records => ControllerAdmission.Decide(_controller.View, registration, records),
                    error => new ControllerRegistrationResponse { ErrorCode = (short)error },
                    answer);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(key), key, "not for the controller");
        }
    }

    /// <summary>The connection on which this broker sent its heartbeats broke: it may be dead.</summary>
    public void ConnectionLost(int brokerId) => _controller.Sessions.Doubt(brokerId);

    private void Register(BrokerRegistrationRequest request, Action<IMessage> answer) => Submit(
        records => new BrokerAdmission(_controller).Decide(request, records),
        error => new BrokerRegistrationResponse { ErrorCode = (short)error },
        response =>
        {
            if (response is BrokerRegistrationResponse { ErrorCode: 0 } registered)
            {
                _controller.Sessions.Heard(request.BrokerId, registered.BrokerEpoch, -1);
            }

            answer(response);
        });

    private void AlterPartition(AlterPartitionRequest request, Action<IMessage> answer)
    {
        var alteration = new IsrAlteration(_controller.View);
        Submit(
            records => alteration.Decide(request, records),
            error => new AlterPartitionResponse { ErrorCode = (short)error },
            response =>
            {
                alteration.Complete();
                answer(response);
            });
    }

    private void Submit(
        Func<List<MetadataRecord>, IMessage> decide, Func<ErrorCode, IMessage> refuse, Action<IMessage> answer)
    {
        var isQueued = _controller.TrySubmit(
            () =>
            {
                var records = new List<MetadataRecord>();
                var response = decide(records);
                return new Decision(records, () => answer(response));
            },
            () => answer(refuse(ErrorCode.NotController)));
        if (!isQueued)
        {
            answer(refuse(ErrorCode.RequestTimedOut));
        }
    }
}
