using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>The messages of the metadata quorum, which all speak of its one partition.</summary>
internal static class QuorumMessages
{
    public const string Topic = "__cluster_metadata";

    /// <summary>Bound: what one fetch of the metadata log asks for; one batch may be larger.</summary>
    public const int MaxFetchBytes = 8 << 20;

    public static FetchRequest Fetch(QuorumMember member, int maxWaitMs) => new()
    {
        ClusterId = member.ClusterId,
        ReplicaState = new FetchRequest.ReplicaStateStruct { ReplicaId = member.Self },
        MaxWaitMs = maxWaitMs,
        MaxBytes = MaxFetchBytes,
        Topics =
        [
            new FetchRequest.FetchTopic
            {
                Topic = Topic,
                TopicId = Uuid.Metadata,
                Partitions =
                [
                    new FetchRequest.FetchPartition
                    {
                        CurrentLeaderEpoch = member.State.LeaderEpoch,
                        FetchOffset = member.Log.LogEndOffset.Value,
                        LastFetchedEpoch = member.LastEpoch,
                        LogStartOffset = member.Log.LogStartOffset.Value,
                        PartitionMaxBytes = MaxFetchBytes,
                        ReplicaDirectoryId = member.DirectoryId,
                        HighWatermark = member.HighWatermark.Value,
                    },
                ],
            },
        ],
    };

    /// <summary>An answer to a fetch that carries no records.</summary>
    public static FetchResponse FetchAnswer(QuorumMember member, ErrorCode error) =>
        FetchAnswer(member, new FetchResponse.PartitionData { ErrorCode = (short)error, Records = Records.Empty });

    public static FetchResponse FetchAnswer(QuorumMember member, FetchResponse.PartitionData partition)
    {
        partition.HighWatermark = member.HighWatermark.Value;
        partition.LogStartOffset = member.Log.LogStartOffset.Value;
        partition.CurrentLeader = new FetchResponse.LeaderIdAndEpoch
        {
            LeaderId = member.State.LeaderId,
            LeaderEpoch = member.State.LeaderEpoch,
        };
        var response = new FetchResponse
        {
            Responses =
            [
                new FetchResponse.FetchableTopicResponse
                {
                    Topic = Topic,
                    TopicId = Uuid.Metadata,
                    Partitions = [partition],
                },
            ],
        };
        if (AddressOfLeader(member) is { } leader)
        {
            response.NodeEndpoints.Add(new FetchResponse.NodeEndpoint
            {
                NodeId = leader.NodeId,
                Host = leader.Host,
                Port = leader.Port,
            });
        }

        return response;
    }

    public static PeerAddress? AddressOfLeader(QuorumMember member) =>
        member.Role.LeaderAddress ?? member.Voters.Latest.Find(member.State.LeaderId)?.Address;
}
