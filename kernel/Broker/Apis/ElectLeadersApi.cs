using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>ElectLeaders (43), versions 0 to 2: preferred leaders, or from version 1 on unclean ones (KIP-460).</summary>
internal static class ElectLeadersApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new ElectLeadersRequest();
        if (exchange.TryRead(request))
        {
            ControllerOperation.Run(
                broker,
                exchange,
                isDryRun: false,
                records => new LeaderElection(broker.Controller.View).Decide(request, records),
                error => RefuseAll(request, error));
        }
    }

    /// <summary>Version 0 has no place for one error of everything.</summary>
    private static ElectLeadersResponse RefuseAll(ElectLeadersRequest request, ApiError error)
    {
        var response = new ElectLeadersResponse { ErrorCode = (short)error.Code };
        foreach (var topic in request.TopicPartitions ?? [])
        {
            var result = new ElectLeadersResponse.ReplicaElectionResult { Topic = topic.Topic };
            foreach (var partition in topic.Partitions)
            {
                result.PartitionResult.Add(new ElectLeadersResponse.PartitionResult
                {
                    PartitionId = partition,
                    ErrorCode = (short)error.Code,
                    ErrorMessage = error.Message,
                });
            }

            response.ReplicaElectionResults.Add(result);
        }

        return response;
    }
}
