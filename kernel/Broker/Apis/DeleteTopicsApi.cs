using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>DeleteTopics (20), versions 1 to 6: by name, or by id from version 6 on.</summary>
/// <remarks>
/// A topic is gone for everybody once the removal is committed; its files go later. Knowingly absent: the mutation
/// quota.
/// </remarks>
internal static class DeleteTopicsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DeleteTopicsRequest();
        if (!exchange.TryRead(request)
            || ControllerOperation.IsOutOfTime(exchange, request.TimeoutMs, error => RefuseAll(request, error)))
        {
            return;
        }

        var version = exchange.Version;
        ControllerOperation.Run(
            broker,
            exchange,
            isDryRun: false,
            records => new TopicDeletion(broker.Controller.View).Decide(request, version, records),
            error => RefuseAll(request, error));
    }

    private static DeleteTopicsResponse RefuseAll(DeleteTopicsRequest request, ApiError error)
    {
        var response = new DeleteTopicsResponse();
        foreach (var (name, id) in TopicDeletion.Topics(request))
        {
            response.Responses.Add(TopicDeletion.Result(name, id, error));
        }

        return response;
    }
}
