using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// What brokers ask of the active controller over the network: BrokerRegistration (62), BrokerHeartbeat (63),
/// AlterPartition (56), AllocateProducerIds (67), ControllerRegistration (70), AssignReplicasToDirs (73). The controller's
/// own room decides.
/// </summary>
internal static class ControllerApis
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var key = exchange.Header.ApiKey;
        if (ApiTable.NewRequest(key) is not { } request || !exchange.TryRead(request))
        {
            return;
        }

        if (request is BrokerHeartbeatRequest heartbeat)
        {
            broker.Heartbeating.Heard(heartbeat.BrokerId, exchange.Origin);
        }

        broker.ControllerRequests.Handle(key, request, exchange.Answer);
    }
}
