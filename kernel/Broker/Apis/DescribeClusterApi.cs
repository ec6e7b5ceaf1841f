using System.Globalization;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// DescribeCluster (60), versions 0 to 2: the cluster's id, its controller, and its brokers at this listener.
/// </summary>
/// <remarks>Knowingly absent: the controller's own endpoint, and with it endpoint type 2.</remarks>
internal static class DescribeClusterApi
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DescribeClusterRequest();
        if (exchange.TryRead(request))
        {
            exchange.Answer(Describe(broker, exchange, request));
        }
    }

    private static DescribeClusterResponse Describe(Broker broker, Exchange exchange, DescribeClusterRequest request)
    {
        var response = new DescribeClusterResponse();
        if (request.EndpointType != Brokers)
        {
            var isController = request.EndpointType == Controllers;
            response.ErrorCode = (short)(isController
                ? ErrorCode.MismatchedEndpointType
                : ErrorCode.UnsupportedEndpointType);
            response.ErrorMessage = isController
                ? "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
                : string.Create(CultureInfo.InvariantCulture, $"Unsupported endpoint type {request.EndpointType}");
            return response;
        }

        response.ClusterId = broker.Metadata.ClusterId.ToString();
        response.ControllerId = broker.Options.BrokerId.Value;
        response.ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
            ? AuthorizedOperations.Cluster
            : AuthorizedOperations.NotAsked;
        var listener = broker.Options.Listeners[exchange.Origin.Listener].Name;
        foreach (var registration in broker.Metadata.Cluster.Brokers)
        {
            if (registration.EndpointOf(listener) is { } endpoint
                && (!registration.IsFenced || request.IncludeFencedBrokers))
            {
                response.Brokers.Add(new DescribeClusterResponse.DescribeClusterBroker
                {
                    BrokerId = registration.Id,
                    Host = endpoint.Host,
                    Port = endpoint.Port,
                    Rack = registration.Rack,
                    IsFenced = registration.IsFenced,
                });
            }
        }

        return response;
    }
}
