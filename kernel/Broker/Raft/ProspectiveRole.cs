using Deterministic.Broker.Peers;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>Asks whether it would win before it disturbs anybody with a new epoch: pre-vote (KIP-996).</summary>
/// <remarks>
/// Inputs   votes, timer
/// Effects  Vote requests that change nothing
///
/// Prospective -> Candidate   a majority would vote for it
/// Prospective -> Follower    it would lose, or nobody answers in time, and it knows whom it followed; or it hears who leads
/// Prospective -> Unattached  the same where it knows of none, or a vote is given
/// </remarks>
internal sealed class ProspectiveRole(QuorumMember member, PeerAddress? leader) : QuorumRole(member)
{
    private const long GiveUpTimer = 0;
    private const long RetryTimer = 1;

    private VoteCollection? _votes;
    private TimerHandle? _giveUp;
    private TimerHandle? _retry;

    /// <summary>It knows whom it followed, and goes back there where it would not win.</summary>
    public bool HasLeader => leader is not null;

    public override void Begin()
    {
        if (!Member.MayStand)
        {
            Member.Become(Member.State, new UnattachedRole(Member));
            return;
        }

        _giveUp = SetTimer(Member.Jittered(Member.Environment.Timeouts.Election), GiveUpTimer);
        _votes = new VoteCollection(Member, this, isPreVote: true)
        {
            WhenDecided = Decided,
            WhenUnanswered = RetryLater,
        };
        _votes.Begin();
    }

    public override void End()
    {
        base.End();
        Cancel(_giveUp);
        Cancel(_retry);
    }

    protected override void Fired(long token)
    {
        if (token == RetryTimer)
        {
            _votes!.Retry();
        }
        else
        {
            GoBack();
        }
    }

    private void Decided(bool isWon)
    {
        if (isWon)
        {
            var state = Member.State.Entering(Member.State.LeaderEpoch + 1).Voting(Member.Self, Member.DirectoryId);
            Member.Become(state, new CandidateRole(Member));
        }
        else
        {
            GoBack();
        }
    }

    private void GoBack()
    {
        if (leader is { } known && Member.IsVoter)
        {
            Member.Become(Member.State, new FollowerRole(Member, known));
        }
        else
        {
            Member.Become(Member.State, new UnattachedRole(Member));
        }
    }

    private void RetryLater()
    {
        if (_retry is not { IsPending: true })
        {
            _retry = SetTimer(Member.Jittered(Member.Environment.Timeouts.Retry), RetryTimer);
        }
    }
}
