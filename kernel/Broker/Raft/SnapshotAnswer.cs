using System;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>FetchSnapshot (59): a piece of a snapshot, as its file has it (KIP-630).</summary>
/// <remarks>
/// Inputs   a request of a member that is far behind
/// Effects  none but the answer, which points into the file
///
/// Answered at once and by the leader alone. Any snapshot that is still kept may be asked for, not only the newest: a transfer
/// that has begun is not lost because a newer one was made. The one that only formats a directory is never given away.
/// </remarks>
internal static class SnapshotAnswer
{
    public static FetchSnapshotResponse To(QuorumMember member, FetchSnapshotRequest request)
    {
        if (request.Topics is not [{ Name: QuorumMessages.Topic, Partitions: [{ Partition: 0 } question] }])
        {
            return UnknownPartition(request);
        }

        var snapshot = question.SnapshotId.EndOffset > 0
            ? member.Snapshots.Find(new SnapshotId(question.SnapshotId.EndOffset, question.SnapshotId.Epoch))
            : null;
        var error = ErrorOf(member, question, snapshot);
        var answer = new FetchSnapshotResponse.PartitionSnapshot
        {
            ErrorCode = (short)error,
            SnapshotId = new FetchSnapshotResponse.SnapshotId
            {
                EndOffset = question.SnapshotId.EndOffset,
                Epoch = question.SnapshotId.Epoch,
            },
            CurrentLeader = new FetchSnapshotResponse.LeaderIdAndEpoch
            {
                LeaderId = member.State.LeaderId,
                LeaderEpoch = member.State.LeaderEpoch,
            },
            Position = question.Position,
            UnalignedRecords = Records.Empty,
        };
        if (error == ErrorCode.None && snapshot is not null && member.Role is LeaderRole leader)
        {
            leader.Progress.Heard(request.ReplicaId, question.ReplicaDirectoryId);
            answer.Size = snapshot.File.Length;
            answer.UnalignedRecords = Piece(snapshot, question.Position, request.MaxBytes);
        }

        return Respond(member, answer);
    }

    private static ErrorCode ErrorOf(
        QuorumMember member, FetchSnapshotRequest.PartitionSnapshot question, SnapshotStore.Snapshot? snapshot)
    {
        var epoch = member.State.LeaderEpoch;
        return question.CurrentLeaderEpoch < epoch && question.CurrentLeaderEpoch >= 0 ? ErrorCode.FencedLeaderEpoch
            : question.CurrentLeaderEpoch > epoch ? ErrorCode.UnknownLeaderEpoch
            : member.Role is not LeaderRole ? ErrorCode.NotLeaderOrFollower
            : snapshot is null ? ErrorCode.SnapshotNotFound
            : question.Position < 0 || question.Position >= snapshot.File.Length ? ErrorCode.PositionOutOfRange
            : ErrorCode.None;
    }

    private static Records Piece(SnapshotStore.Snapshot snapshot, long position, int maxBytes)
    {
        var length = Math.Min(snapshot.File.Length - position, Math.Clamp(maxBytes, 1, QuorumMessages.MaxFetchBytes));
        return new Records(new FileSlice(snapshot.File.Id, position, (int)length));
    }

    private static FetchSnapshotResponse Respond(QuorumMember member, FetchSnapshotResponse.PartitionSnapshot answer)
    {
        var response = new FetchSnapshotResponse
        {
            Topics = [new FetchSnapshotResponse.TopicSnapshot { Name = QuorumMessages.Topic, Partitions = [answer] }],
        };
        if (QuorumMessages.AddressOfLeader(member) is { } leader)
        {
            response.NodeEndpoints.Add(new FetchSnapshotResponse.NodeEndpoint
            {
                NodeId = leader.NodeId,
                Host = leader.Host,
                Port = (ushort)leader.Port,
            });
        }

        return response;
    }

    private static FetchSnapshotResponse UnknownPartition(FetchSnapshotRequest request)
    {
        var topic = request.Topics.Count > 0 ? request.Topics[0] : new FetchSnapshotRequest.TopicSnapshot();
        return new FetchSnapshotResponse
        {
            Topics =
            [
                new FetchSnapshotResponse.TopicSnapshot
                {
                    Name = topic.Name,
                    Partitions =
                    [
                        new FetchSnapshotResponse.PartitionSnapshot
                        {
                            Index = topic.Partitions.Count > 0 ? topic.Partitions[0].Partition : 0,
                            ErrorCode = (short)ErrorCode.UnknownTopicOrPartition,
                            UnalignedRecords = Records.Empty,
                        },
                    ],
                },
            ],
        };
    }
}
