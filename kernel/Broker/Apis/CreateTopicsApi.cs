using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>CreateTopics (19), versions 2 to 7: each topic of the request is created or refused by itself.</summary>
/// <remarks>
/// Versions 5 and later tell the new topic's partitions, replication factor and every configuration in force; 7 its
/// id. The
/// answer leaves when the topics are committed and their logs are there, so that a client may produce at once.
/// Knowingly
/// absent: policies, and the mutation quota (requests are never throttled).
/// </remarks>
internal static class CreateTopicsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new CreateTopicsRequest();
        if (!exchange.TryRead(request)
            || ControllerOperation.IsOutOfTime(exchange, request.TimeoutMs, error => RefuseAll(request, error)))
        {
            return;
        }

        ControllerOperation.Run(
            broker,
            exchange,
            request.ValidateOnly,
            records => new TopicCreation(broker.Controller.View).Decide(request, records),
            error => RefuseAll(request, error));
    }

    private static CreateTopicsResponse RefuseAll(CreateTopicsRequest request, ApiError error)
    {
        var response = new CreateTopicsResponse();
        foreach (var topic in request.Topics)
        {
            response.Topics.Add(TopicCreation.Refused(topic.Name, error));
        }

        return response;
    }
}
