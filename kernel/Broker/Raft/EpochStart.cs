using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// What a new leader of the metadata quorum says: the first batch of its epoch, and the announcement to the voters.
/// </summary>
internal sealed class EpochStart(QuorumMember member)
{
    /// <summary>Who leads, and, where a new log does not say so yet and no configuration does, who may vote.</summary>
    public byte[] Build(RecordBatchBuilder builder)
    {
        var now = member.Environment.Clock.Now.WallMs;
        var change = new LeaderChangeMessage { LeaderId = member.Self };
        foreach (var voter in member.Voters.Latest.All)
        {
            change.Voters.Add(new LeaderChangeMessage.Voter { VoterId = voter.Id });
        }

        change.GrantingVoters.Add(new LeaderChangeMessage.Voter { VoterId = member.Self });
        builder.Begin(new BatchOptions { IsControl = true });
        Append(builder, now, ControlRecordType.LeaderChange, change);
        if (member.Log.LogEndOffset == Offset.Zero && (member.Voters.IsInLog || member.Environment.StaticVoters.Count == 0))
        {
            Append(builder, now, ControlRecordType.KRaftVersion, new KRaftVersionRecord { KRaftVersion = 1 });
            Append(builder, now, ControlRecordType.KRaftVoters, member.Voters.Latest.ToRecord());
        }

        return builder.Build().ToArray();
    }

    /// <summary>Who votes from here on; <paramref name="isUpgrade"/> where the log did not say so before.</summary>
    public byte[] BuildVoters(RecordBatchBuilder builder, VoterSet voters, bool isUpgrade)
    {
        builder.Begin(new BatchOptions { IsControl = true });
        var now = member.Environment.Clock.Now.WallMs;
        if (isUpgrade)
        {
            Append(builder, now, ControlRecordType.KRaftVersion, new KRaftVersionRecord { KRaftVersion = 1 });
        }

        Append(builder, now, ControlRecordType.KRaftVoters, voters.ToRecord());
        return builder.Build().ToArray();
    }

    public static BeginQuorumEpochRequest Announcement(QuorumMember member, in Voter voter) => new()
    {
        ClusterId = member.ClusterId,
        VoterId = voter.Id,
        Topics =
        [
            new BeginQuorumEpochRequest.TopicData
            {
                TopicName = QuorumMessages.Topic,
                Partitions =
                [
                    new BeginQuorumEpochRequest.PartitionData
                    {
                        VoterDirectoryId = voter.DirectoryId,
                        LeaderId = member.Self,
                        LeaderEpoch = member.State.LeaderEpoch,
                    },
                ],
            },
        ],
        LeaderEndpoints = EndpointsOf(member),
    };

    private static List<BeginQuorumEpochRequest.LeaderEndpoint> EndpointsOf(QuorumMember member)
    {
        var endpoints = new List<BeginQuorumEpochRequest.LeaderEndpoint>();
        foreach (var (listener, host, port) in member.Environment.Endpoints)
        {
            endpoints.Add(new BeginQuorumEpochRequest.LeaderEndpoint { Name = listener, Host = host, Port = (ushort)port });
        }

        return endpoints;
    }

    private static void Append(RecordBatchBuilder builder, long now, ControlRecordType type, IMessage message)
    {
        var isAppended = ControlRecords.TryAppend(builder, now, type, Frames.ToArray(message, 0));
        Invariant.Check(isAppended);
    }
}
