using System.Globalization;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// DescribeCluster (60), versions 0 to 2: the cluster's id and its brokers at this listener; at a controller's listener its
/// voters and which of them is the active controller (KIP-919).
/// </summary>
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
        var listener = broker.Options.Listeners[exchange.Origin.Listener];
        var here = listener.IsController ? Controllers : Brokers;
        if (request.EndpointType != here)
        {
            return Refuse(request.EndpointType, here);
        }

        var response = new DescribeClusterResponse
        {
            EndpointType = here,
            ClusterId = broker.Metadata.ClusterId.ToString(),
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
                ? AuthorizedOperations.Cluster
                : AuthorizedOperations.NotAsked,
        };
        if (listener.IsController)
        {
            AddVoters(broker, response);
        }
        else
        {
            response.ControllerId = broker.Options.BrokerId.Value;
            AddBrokers(broker, listener.Name, request.IncludeFencedBrokers, response);
        }

        return response;
    }

    private static void AddVoters(Broker broker, DescribeClusterResponse response)
    {
        response.ControllerId = broker.Quorum.LeaderId;
        foreach (var voter in broker.Quorum.Voters.All)
        {
            response.Brokers.Add(new DescribeClusterResponse.DescribeClusterBroker
            {
                BrokerId = voter.Id,
                Host = voter.Address.Host,
                Port = voter.Address.Port,
            });
        }
    }

    private static void AddBrokers(Broker broker, string listener, bool withFenced, DescribeClusterResponse response)
    {
        foreach (var registration in broker.Metadata.Cluster.Brokers)
        {
            if (registration.EndpointOf(listener) is { } endpoint && (!registration.IsFenced || withFenced))
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
    }

    private static DescribeClusterResponse Refuse(sbyte asked, sbyte here) => asked is Brokers or Controllers
        ? new DescribeClusterResponse
        {
            ErrorCode = (short)ErrorCode.MismatchedEndpointType,
            ErrorMessage = $"The request was sent to an endpoint of type {NameOf(here)}, but we wanted an endpoint of type "
                + NameOf(asked),
        }
        : new DescribeClusterResponse
        {
            ErrorCode = (short)ErrorCode.UnsupportedEndpointType,
            ErrorMessage = string.Create(CultureInfo.InvariantCulture, $"Unsupported endpoint type {asked}"),
        };

    private static string NameOf(sbyte type) => type == Brokers ? "BROKER" : "CONTROLLER";
}
