using Deterministic.Broker.Peers;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// Who leads according to an answer of another member; leader -1 where it does not know, epoch -1 where it is silent.
/// </summary>
internal readonly record struct LeaderSeen(int Epoch, int Leader, PeerAddress? Address)
{
    public static LeaderSeen None => new(-1, QuorumState.None, null);

    public static LeaderSeen In(FetchResponse response)
    {
        if (response.Responses is not [{ Partitions: [var partition] }])
        {
            return None;
        }

        var leader = partition.CurrentLeader;
        foreach (var node in response.NodeEndpoints)
        {
            if (node.NodeId == leader.LeaderId)
            {
                return new LeaderSeen(leader.LeaderEpoch, leader.LeaderId, new PeerAddress(node.NodeId, node.Host, node.Port));
            }
        }

        return new LeaderSeen(leader.LeaderEpoch, leader.LeaderId, null);
    }

    public static LeaderSeen In(FetchSnapshotResponse response)
    {
        if (response.Topics is not [{ Partitions: [var partition] }])
        {
            return None;
        }

        var leader = partition.CurrentLeader;
        foreach (var node in response.NodeEndpoints)
        {
            if (node.NodeId == leader.LeaderId)
            {
                return new LeaderSeen(leader.LeaderEpoch, leader.LeaderId, new PeerAddress(node.NodeId, node.Host, node.Port));
            }
        }

        return new LeaderSeen(leader.LeaderEpoch, leader.LeaderId, null);
    }

    public static LeaderSeen In(VoteResponse response)
    {
        if (response.Topics is not [{ Partitions: [var partition] }])
        {
            return None;
        }

        foreach (var node in response.NodeEndpoints)
        {
            if (node.NodeId == partition.LeaderId)
            {
                return new LeaderSeen(
                    partition.LeaderEpoch, partition.LeaderId, new PeerAddress(node.NodeId, node.Host, node.Port));
            }
        }

        return new LeaderSeen(partition.LeaderEpoch, partition.LeaderId, null);
    }

    public static LeaderSeen In(BeginQuorumEpochResponse response) =>
        response.Topics is [{ Partitions: [var partition] }]
            ? new LeaderSeen(partition.LeaderEpoch, partition.LeaderId, null)
            : None;
}
