using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>UnregisterBroker (64), version 0: a broker that will not come back is forgotten.</summary>
internal static class UnregisterBrokerApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new UnregisterBrokerRequest();
        if (exchange.TryRead(request))
        {
            ControllerOperation.Run(
                broker,
                exchange,
                isDryRun: false,
                records => BrokerRemoval.Decide(broker.Controller, request, records),
                error => new UnregisterBrokerResponse { ErrorCode = (short)error.Code, ErrorMessage = error.Message });
        }
    }
}
