using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Led this epoch and does not any more, nor will it again: nobody else can lead it either.</summary>
/// <remarks>
/// Inputs   timer
/// Effects  EndQuorumEpoch to the voters, once: a hint, nothing depends on it
///
/// Resigned -> Prospective  the election time-out is over
/// Resigned -> Follower     it hears who leads a later epoch
/// Resigned -> Unattached   it hears of a later epoch
///
/// A member that finds at its start that it led when it stopped begins here too: it cannot know what it had promised.
/// </remarks>
internal sealed class ResignedRole(QuorumMember member, IReadOnlyList<Voter> successors) : QuorumRole(member), IPeerAnswer
{
    private TimerHandle? _timer;

    public override void Begin()
    {
        if (Member.IsVoter && Member.Voters.Latest.All.Count == 1)
        {
            Member.Become(Member.State, new ProspectiveRole(Member, null));
            return;
        }

        _timer = SetTimer(Member.Jittered(Member.Environment.Timeouts.Election));
        foreach (var voter in successors)
        {
            Member.Channel(voter.Address, "quorum").Send(
                ApiKey.EndQuorumEpoch, Farewell(), Member.Environment.Timeouts.Request, this);
        }
    }

    public override void End()
    {
        base.End();
        Cancel(_timer);
    }

    public void Answered(IMessage response, long token)
    {
    }

    public void Failed(PeerFailure why, long token)
    {
    }

    protected override void Fired(long token) => Member.Become(
        Member.State, Member.MayStand ? new ProspectiveRole(Member, null) : new UnattachedRole(Member));

    private EndQuorumEpochRequest Farewell()
    {
        var partition = new EndQuorumEpochRequest.PartitionData
        {
            LeaderId = Member.Self,
            LeaderEpoch = Member.State.LeaderEpoch,
        };
        foreach (var voter in successors)
        {
            partition.PreferredCandidates.Add(new EndQuorumEpochRequest.ReplicaInfo
            {
                CandidateId = voter.Id,
                CandidateDirectoryId = voter.DirectoryId,
            });
        }

        return new EndQuorumEpochRequest
        {
            ClusterId = Member.ClusterId,
            Topics = [new EndQuorumEpochRequest.TopicData { TopicName = QuorumMessages.Topic, Partitions = [partition] }],
        };
    }
}
