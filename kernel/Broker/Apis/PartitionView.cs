using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Protocol;

namespace Deterministic.Broker.Apis;

/// <summary>
/// One partition as a client of one listener may see it: a leader that has no address there cannot be told.
/// </summary>
internal readonly struct PartitionView
{
    private PartitionView(PartitionRegistration partition, ErrorCode error, int leader, List<int> offline)
    {
        Partition = partition;
        Error = error;
        Leader = leader;
        OfflineReplicas = offline;
    }

    public PartitionRegistration Partition { get; }

    public ErrorCode Error { get; }

    public int Leader { get; }

    /// <summary>Replicas on brokers that are fenced or gone.</summary>
    public List<int> OfflineReplicas { get; }

    /// <summary>Clients before Metadata version 6 do not know the error of a missing listener.</summary>
    public static PartitionView Of(
        ClusterImage cluster, PartitionRegistration partition, string listener, bool knowsListenerError)
    {
        var offline = new List<int>();
        foreach (var replica in partition.Replicas)
        {
            if (cluster.Find(replica) is not { IsFenced: false })
            {
                offline.Add(replica);
            }
        }

        var leader = cluster.Find(partition.Leader);
        if (leader is { IsFenced: false } && leader.EndpointOf(listener) is not null)
        {
            return new PartitionView(partition, ErrorCode.None, partition.Leader, offline);
        }

        var error = leader is null || !knowsListenerError ? ErrorCode.LeaderNotAvailable : ErrorCode.ListenerNotFound;
        return new PartitionView(partition, error, PartitionRegistration.NoLeader, offline);
    }
}
