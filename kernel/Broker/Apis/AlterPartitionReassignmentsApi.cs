using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>AlterPartitionReassignments (45), versions 0 and 1: partitions move, or stop moving (KIP-455, KIP-860).</summary>
/// <remarks>The answer comes when the move has begun; ListPartitionReassignments tells when it is over.</remarks>
internal static class AlterPartitionReassignmentsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new AlterPartitionReassignmentsRequest();
        if (exchange.TryRead(request))
        {
            ControllerOperation.Run(
                broker,
                exchange,
                isDryRun: false,
                records => new Reassignment(broker.Controller.View).Decide(request, records),
                error => new AlterPartitionReassignmentsResponse
                {
                    ErrorCode = (short)error.Code,
                    ErrorMessage = error.Message,
                });
        }
    }
}
