using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// IncrementalAlterConfigs (44), versions 0 and 1: sets, deletes, appends to and subtracts from single keys
/// (KIP-339).
/// </summary>
/// <remarks>
/// Served for topics, brokers, groups and client metrics. Loggers are refused with INVALID_CONFIG: levels of
/// logging belong
/// to the runtime around the kernel.
/// </remarks>
internal static class IncrementalAlterConfigsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new IncrementalAlterConfigsRequest();
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

    private static IncrementalAlterConfigsResponse RefuseAll(IncrementalAlterConfigsRequest request, ApiError error)
    {
        var response = new IncrementalAlterConfigsResponse();
        foreach (var resource in request.Resources)
        {
            response.Responses.Add(new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
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
