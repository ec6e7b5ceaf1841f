using System;
using System.Collections.Generic;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// Decides UnregisterBroker: a broker that will not come back is forgotten. One that lives registers anew, as a broker of
/// which nothing is known: it is eligible nowhere then, unless its topics acknowledge only what is flushed.
/// </summary>
internal static class BrokerRemoval
{
    public static UnregisterBrokerResponse Decide(
        Controller controller, UnregisterBrokerRequest request, List<MetadataRecord> records)
    {
        if (controller.View.Image.Cluster.Find(request.BrokerId) is not { } broker)
        {
            return new UnregisterBrokerResponse
            {
                ErrorCode = (short)ErrorCode.BrokerIdNotRegistered,
                ErrorMessage = FormattableString.Invariant($"Broker ID {request.BrokerId} is not currently registered"),
            };
        }

        new BrokerFencing(controller.View).Leave(broker.Id, BrokerLoss.None, records);
        records.Add(MetadataRecord.Of(new UnregisterBrokerRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch }));
        controller.Sessions.End(broker.Id);
        return new UnregisterBrokerResponse { ErrorMessage = null };
    }
}
