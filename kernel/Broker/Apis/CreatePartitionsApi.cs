using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// CreatePartitions (37), versions 0 to 3: more partitions for topics that exist. Knowingly absent: the mutation
/// quota.
/// </summary>
internal static class CreatePartitionsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new CreatePartitionsRequest();
        if (!exchange.TryRead(request)
            || ControllerOperation.IsOutOfTime(exchange, request.TimeoutMs, error => RefuseAll(request, error)))
        {
            return;
        }

        ControllerOperation.Run(
            broker,
            exchange,
            request.ValidateOnly,
            records => new PartitionCreation(broker.Controller.View).Decide(request, records),
            error => RefuseAll(request, error));
    }

    private static CreatePartitionsResponse RefuseAll(CreatePartitionsRequest request, ApiError error)
    {
        var response = new CreatePartitionsResponse();
        foreach (var topic in request.Topics)
        {
            response.Results.Add(PartitionCreation.Result(topic.Name, error));
        }

        return response;
    }
}
