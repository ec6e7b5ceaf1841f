using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Apis;

/// <summary>
/// What only a partition's leader may do: is this node it, and if not, who is. Clients that are told need not ask for
/// the metadata (KIP-951).
/// </summary>
internal static class LeaderCheck
{
    /// <summary>None where this node leads the partition and its log is there.</summary>
    public static ErrorCode Check(Broker broker, Partition? partition, string topic, int index)
    {
        if (partition?.Log is not null)
        {
            return partition.IsLeader ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
        }

        return broker.Metadata.Topics.Find(topic, index) is null
            ? ErrorCode.UnknownTopicOrPartition
            : ErrorCode.NotLeaderOrFollower;
    }

    /// <summary>The same for a topic that is named by its id (KIP-516).</summary>
    public static ErrorCode Check(Broker broker, Partition? partition, Uuid topicId, int index)
    {
        if (partition?.Log is not null)
        {
            return partition.IsLeader ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
        }

        if (broker.Metadata.Topics.Find(topicId) is not { } topic)
        {
            return ErrorCode.UnknownTopicId;
        }

        return (uint)index < (uint)topic.Partitions.Count
            ? ErrorCode.NotLeaderOrFollower
            : ErrorCode.UnknownTopicOrPartition;
    }

    /// <summary>The leader as the metadata have it, and its address for clients of this request's listener.</summary>
    public static (PartitionRegistration Partition, Endpoint? Address, string? Rack)? Current(
        Broker broker, Exchange exchange, string topic, Uuid topicId, int index)
    {
        var image = topicId == Uuid.Zero ? broker.Metadata.Topics.Find(topic) : broker.Metadata.Topics.Find(topicId);
        if (image is null || (uint)index >= (uint)image.Partitions.Count)
        {
            return null;
        }

        var partition = image.Partitions[index];
        var leader = broker.Metadata.Cluster.Find(partition.Leader);
        var listener = broker.Options.Listeners[exchange.Origin.Listener].Name;
        return (partition, leader?.EndpointOf(listener), leader?.Rack);
    }

    /// <summary>True where the error says that the client has the wrong leader in mind.</summary>
    public static bool IsAboutLeader(short error) =>
        (ErrorCode)error is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch;

    /// <summary>Adds the node once.</summary>
    public static bool IsNew(List<int> told, int node)
    {
        if (told.Contains(node))
        {
            return false;
        }

        told.Add(node);
        return true;
    }
}
