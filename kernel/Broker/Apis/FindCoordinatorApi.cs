using System.Globalization;
using Deterministic.Broker.Coordinators;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// FindCoordinator (10), versions 0 to 6: which broker coordinates a group, a transaction, or a share partition.
/// </summary>
/// <remarks>
/// The first question for a group creates <c>__consumer_offsets</c> and is answered COORDINATOR_NOT_AVAILABLE:
/// clients ask
/// again. So are questions for coordinators that are not served here yet (transactions, share groups). Knowingly
/// absent:
/// authorization.
/// </remarks>
internal static class FindCoordinatorApi
{
    private const sbyte GroupKey = 0;
    private const sbyte TransactionKey = 1;
    private const sbyte ShareKey = 2;
    private const short FirstWithManyKeys = 4;
    private const short FirstWithShare = 6;

    private const string NotAvailable = "The coordinator is not available.";

    private const string Malformed = "This most likely occurs because of a request being malformed by the client "
        + "library or the message was sent to an incompatible broker. See the broker logs for more details.";

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new FindCoordinatorRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var response = new FindCoordinatorResponse();
        if (exchange.Version < FirstWithManyKeys)
        {
            AnswerSingle(response, Find(broker, exchange, request.KeyType, request.Key));
        }
        else
        {
            foreach (var key in request.CoordinatorKeys)
            {
                response.Coordinators.Add(Find(broker, exchange, request.KeyType, key));
            }
        }

        exchange.Answer(response);
    }

    private static void AnswerSingle(FindCoordinatorResponse response, FindCoordinatorResponse.Coordinator found)
    {
        response.ErrorCode = found.ErrorCode;
        response.ErrorMessage = (ErrorCode)found.ErrorCode switch
        {
            ErrorCode.None => "NONE",
            ErrorCode.CoordinatorNotAvailable => NotAvailable,
            _ => Malformed,
        };
        response.NodeId = found.NodeId;
        response.Host = found.Host;
        response.Port = found.Port;
    }

    private static FindCoordinatorResponse.Coordinator Find(Broker broker, Exchange exchange, sbyte keyType, string key)
    {
        Endpoint? endpoint = null;
        var leader = -1;
        var error = keyType switch
        {
            GroupKey => FindGroup(broker, exchange, key, out leader, out endpoint),
            TransactionKey => ErrorCode.CoordinatorNotAvailable,
            ShareKey when exchange.Version >= FirstWithShare && IsSharePartition(key) =>
                ErrorCode.CoordinatorNotAvailable,
            _ => ErrorCode.InvalidRequest,
        };
        return new FindCoordinatorResponse.Coordinator
        {
            Key = key,
            NodeId = endpoint is null ? -1 : leader,
            Host = endpoint?.Host ?? "",
            Port = endpoint?.Port ?? -1,
            ErrorCode = (short)error,
            ErrorMessage = keyType is GroupKey or TransactionKey or ShareKey ? "" : Malformed,
        };
    }

    /// <summary>
    /// The leader of the group's partition, where it can be reached through the listener of this connection.
    /// </summary>
    private static ErrorCode FindGroup(
        Broker broker, Exchange exchange, string groupId, out int leader, out Endpoint? endpoint)
    {
        leader = -1;
        endpoint = null;
        if (broker.Metadata.Topics.Find(InternalTopics.ConsumerOffsets) is not { } topic)
        {
            broker.AutoTopics.TryCreate(InternalTopics.ConsumerOffsets);
            return ErrorCode.CoordinatorNotAvailable;
        }

        var partition = JavaHash.PartitionFor(groupId, topic.Partitions.Count);
        leader = topic.Partitions[partition].Leader;
        var listener = broker.Options.Listeners[exchange.Origin.Listener].Name;
        endpoint = broker.Metadata.Cluster.Find(leader)?.EndpointOf(listener);
        return endpoint is null ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
    }

    /// <summary>
    /// A share coordinator's key is the group, the topic's id and the partition, with colons between them.
    /// </summary>
    private static bool IsSharePartition(string key)
    {
        var parts = key.Split(':');
        return parts.Length == 3
            && parts[0].Length > 0
            && Uuid.TryParse(parts[1], out _)
            && int.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
    }
}
