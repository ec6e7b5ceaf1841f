using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// AlterConfigs (33), versions 0 to 2: replaces all settings of a resource; what is not named reverts to its
/// default. Kept
/// for old tools; IncrementalAlterConfigs is its successor.
/// </summary>
internal static class AlterConfigsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new AlterConfigsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        ControllerOperation.Run(
            broker,
            exchange,
            request.ValidateOnly,
            records => new ConfigAlteration(broker.Controller.View, ControllerOperation.IsForController(broker, exchange))
                .Decide(request, records),
            error => RefuseAll(request, error));
    }

    private static AlterConfigsResponse RefuseAll(AlterConfigsRequest request, ApiError error)
    {
        var response = new AlterConfigsResponse();
        foreach (var resource in request.Resources)
        {
            response.Responses.Add(new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = (short)error.Code,
                ErrorMessage = error.Message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            });
        }

        return response;
    }
}
