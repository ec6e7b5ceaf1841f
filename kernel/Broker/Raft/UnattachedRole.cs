using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Knows of no leader in its epoch.</summary>
/// <remarks>
/// Inputs   timers, and answers to what an observer asks
/// Effects  an observer asks one member after the other who leads
///
/// Unattached -> Prospective  a voter, or one whose removal is under way: the election time-out is over
/// Unattached -> Follower     somebody says who leads
/// Unattached -> Unattached   a vote is given, or a later epoch is heard of
/// </remarks>
internal sealed class UnattachedRole(QuorumMember member) : QuorumRole(member), IPeerAnswer
{
    private const long ElectionTimer = 0;
    private const long AskTimer = 1;

    private TimerHandle? _election;
    private TimerHandle? _ask;

    /// <summary>Shorter for the first election of a life, when nobody can have been heard yet.</summary>
    public bool IsFirst { get; init; }

    public override void Begin()
    {
        var timeouts = Member.Environment.Timeouts;
        if (Member.IsVoter && Member.Voters.Latest.All.Count == 1)
        {
            Member.Become(Member.State, new ProspectiveRole(Member, null));
            return;
        }

        if (Member.MayStand)
        {
            var wait = IsFirst
                ? Member.Between(timeouts.Retry, new Duration(timeouts.Election.Microseconds / 4))
                : Member.Jittered(timeouts.Election);
            _election = SetTimer(wait, ElectionTimer);
        }

        if (!Member.IsVoter)
        {
            Ask();
        }
    }

    public override void End()
    {
        base.End();
        Cancel(_election);
        Cancel(_ask);
    }

    public void Answered(IMessage response, long token)
    {
        var seen = LeaderSeen.In((FetchResponse)response);
        Member.Enter(() =>
        {
            if (IsOver)
            {
                return;
            }

            Member.Learn(seen.Epoch, seen.Leader, seen.Address);
            if (!IsOver)
            {
                AskLater();
            }
        });
    }

    public void Failed(PeerFailure why, long token) => Member.Enter(() =>
    {
        if (!IsOver)
        {
            AskLater();
        }
    });

    protected override void Fired(long token)
    {
        if (token == ElectionTimer)
        {
            Member.Become(Member.State, new ProspectiveRole(Member, null));
        }
        else
        {
            Ask();
        }
    }

    private void AskLater() => _ask = SetTimer(Member.Jittered(Member.Environment.Timeouts.Retry), AskTimer);

    /// <summary>Whoever does not lead answers a fetch with who does.</summary>
    private void Ask()
    {
        var voters = Member.Voters.Latest.All;
        var servers = Member.Environment.BootstrapServers;
        if (voters.Count + servers.Count == 0)
        {
            return;
        }

        var drawn = Member.Draw(voters.Count + servers.Count);
        var address = drawn < voters.Count ? voters[drawn].Address : servers[drawn - voters.Count];
        if (address.NodeId == Member.Self)
        {
            AskLater();
            return;
        }

        var request = QuorumMessages.Fetch(Member, 0);
        Member.Channel(address, "quorum").Send(ApiKey.Fetch, request, Member.Environment.Timeouts.Request, this);
    }
}
