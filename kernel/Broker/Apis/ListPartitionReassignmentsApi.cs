using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>ListPartitionReassignments (46), version 0: which partitions move now, as the controller knows it.</summary>
internal static class ListPartitionReassignmentsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new ListPartitionReassignmentsRequest();
        if (exchange.TryRead(request))
        {
            ControllerOperation.Run(
                broker,
                exchange,
                isDryRun: false,
                _ => Reassignment.List(broker.Metadata, request),
                error => new ListPartitionReassignmentsResponse
                {
                    ErrorCode = (short)error.Code,
                    ErrorMessage = error.Message,
                });
        }
    }
}
