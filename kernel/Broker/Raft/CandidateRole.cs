using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>Stands for election in an epoch of its own, having voted for itself.</summary>
/// <remarks>
/// Inputs   votes, timers
/// Effects  Vote requests
///
/// Candidate -> Leader       a majority voted for it
/// Candidate -> Prospective  it lost, and has waited a while; or nobody decided in time
/// Candidate -> Follower     it hears who leads this epoch or a later one
/// Candidate -> Unattached   it hears of a later epoch
/// </remarks>
internal sealed class CandidateRole(QuorumMember member) : QuorumRole(member)
{
    private const long AgainTimer = 0;
    private const long RetryTimer = 1;

    private VoteCollection? _votes;
    private TimerHandle? _again;
    private TimerHandle? _retry;

    public override void Begin()
    {
        _again = SetTimer(Member.Jittered(Member.Environment.Timeouts.Election), AgainTimer);
        _votes = new VoteCollection(Member, this, isPreVote: false)
        {
            WhenDecided = Decided,
            WhenUnanswered = RetryLater,
        };
        _votes.Begin();
    }

    public override void End()
    {
        base.End();
        Cancel(_again);
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
            Member.Become(Member.State, new ProspectiveRole(Member, null));
        }
    }

    private void Decided(bool isWon)
    {
        if (isWon)
        {
            Member.Become(Member.State.Led(Member.Self), new LeaderRole(Member));
            return;
        }

        // Whoever won is about to say so; two that lost to each other must not try again at the same time.
        var timeouts = Member.Environment.Timeouts;
        Cancel(_again);
        _again = SetTimer(Member.Between(timeouts.Retry, timeouts.BackoffMax), AgainTimer);
    }

    private void RetryLater()
    {
        if (_retry is not { IsPending: true })
        {
            _retry = SetTimer(Member.Jittered(Member.Environment.Timeouts.Retry), RetryTimer);
        }
    }
}
