using Deterministic.Broker.Boundary;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>What a member of the quorum is at the moment. Each role is one class with its transitions in its header.</summary>
/// <remarks>
/// A role begins when the state that it stands for is durable, and is over when another takes its place: from then on
/// nothing that it asked for reaches it.
/// </remarks>
internal abstract class QuorumRole(QuorumMember member) : ITimed
{
    /// <summary>Another role has taken its place.</summary>
    public bool IsOver { get; private set; }

    /// <summary>It leads, or hears from who does: no reason for an election (KIP-996).</summary>
    public virtual bool HasLiveLeader => false;

    /// <summary>Where the leader listens; null where nobody leads, or this node does.</summary>
    public virtual PeerAddress? LeaderAddress => null;

    protected QuorumMember Member => member;

    /// <summary>The state is durable: act.</summary>
    public abstract void Begin();

    /// <summary>Gives up everything that waits.</summary>
    public virtual void End() => IsOver = true;

    /// <summary>Appended batches have been flushed.</summary>
    public virtual void LogFlushed()
    {
    }

    public void TimerFired(in Now now, long token)
    {
        if (!IsOver)
        {
            member.Enter(() =>
            {
                if (!IsOver)
                {
                    Fired(token);
                }
            });
        }
    }

    protected abstract void Fired(long token);

    protected TimerHandle SetTimer(Duration after, long token = 0) =>
        member.Environment.Log.Timers.Set(member.Now + after, this, token);

    protected void Cancel(TimerHandle? timer) => member.Environment.Log.Timers.Cancel(timer);
}
