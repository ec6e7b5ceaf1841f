using System.Collections.Generic;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>DescribeQuorum: the quorum as its leader sees it (KIP-595, 836, 853).</summary>
internal static class QuorumDescription
{
    public static DescribeQuorumResponse Of(QuorumMember member, DescribeQuorumRequest request)
    {
        var response = new DescribeQuorumResponse();
        foreach (var topic in request.Topics)
        {
            var answered = new DescribeQuorumResponse.TopicData { TopicName = topic.TopicName };
            foreach (var partition in topic.Partitions)
            {
                answered.Partitions.Add(topic.TopicName == QuorumMessages.Topic && partition.PartitionIndex == 0
                    ? Describe(member)
                    : Refuse(partition.PartitionIndex, ErrorCode.UnknownTopicOrPartition));
            }

            response.Topics.Add(answered);
        }

        foreach (var voter in member.Voters.Latest.All)
        {
            var node = new DescribeQuorumResponse.Node { NodeId = voter.Id };
            foreach (var (listener, host, port) in voter.Endpoints)
            {
                node.Listeners.Add(new DescribeQuorumResponse.Listener { Name = listener, Host = host, Port = (ushort)port });
            }

            response.Nodes.Add(node);
        }

        return response;
    }

    private static DescribeQuorumResponse.PartitionData Describe(QuorumMember member)
    {
        if (member.Role is not LeaderRole leader)
        {
            var refused = Refuse(0, ErrorCode.NotLeaderOrFollower);
            refused.LeaderId = member.State.LeaderId;
            refused.LeaderEpoch = member.State.LeaderEpoch;
            return refused;
        }

        var described = new DescribeQuorumResponse.PartitionData
        {
            LeaderId = member.Self,
            LeaderEpoch = member.State.LeaderEpoch,
            HighWatermark = member.HighWatermark.Value,
        };
        var voters = member.Voters.Latest;
        foreach (var voter in voters.All)
        {
            described.CurrentVoters.Add(voter.Is(member.Self, member.DirectoryId) ? Self(member) : Silent(voter));
        }

        foreach (var (key, replica) in leader.Progress.Replicas)
        {
            var state = new DescribeQuorumResponse.ReplicaState
            {
                ReplicaId = key.Id,
                ReplicaDirectoryId = key.Directory,
                LogEndOffset = replica.End.Value,
                LastFetchTimestamp = replica.FetchedWallMs,
                LastCaughtUpTimestamp = replica.CaughtUpWallMs,
            };
            if (!voters.Contains(key.Id, key.Directory))
            {
                described.Observers.Add(state);
                continue;
            }

            described.CurrentVoters.RemoveAll(voter => voter.ReplicaId == key.Id);
            described.CurrentVoters.Add(state);
        }

        if (!member.Voters.IsInLog)
        {
            // Fixed voters are nodes, whatever their disks: Kafka tells no directories then.
            described.CurrentVoters.ForEach(voter => voter.ReplicaDirectoryId = Uuid.Zero);
        }

        described.CurrentVoters.Sort((left, right) => left.ReplicaId.CompareTo(right.ReplicaId));
        return described;
    }

    private static DescribeQuorumResponse.ReplicaState Self(QuorumMember member) => new()
    {
        ReplicaId = member.Self,
        ReplicaDirectoryId = member.DirectoryId,
        LogEndOffset = member.Log.LogEndOffset.Value,
        LastFetchTimestamp = member.Environment.Clock.Now.WallMs,
        LastCaughtUpTimestamp = member.Environment.Clock.Now.WallMs,
    };

    private static DescribeQuorumResponse.ReplicaState Silent(in Voter voter) =>
        new() { ReplicaId = voter.Id, ReplicaDirectoryId = voter.DirectoryId, LogEndOffset = -1 };

    private static DescribeQuorumResponse.PartitionData Refuse(int index, ErrorCode error) =>
        new() { PartitionIndex = index, ErrorCode = (short)error };
}
