using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>How far one follower has come, as its leader sees it.</summary>
internal sealed class FollowerProgress(int id)
{
    /// <summary>The follower's broker.</summary>
    public int Id => id;

    /// <summary>Everything below is durable there, by the topic's own measure: a follower fetches what it has not.</summary>
    public Offset LogEnd { get; set; }

    /// <summary>Where its log begins; unknown before its first fetch.</summary>
    public Offset LogStart { get; set; } = Offset.None;

    /// <summary>The broker epoch that it fetches with; -1 before its first fetch (KIP-903).</summary>
    public long BrokerEpoch { get; set; } = -1;

    public Instant LastFetchAt { get; set; }

    public Offset LeaderEndAtLastFetch { get; set; } = Offset.None;

    /// <summary>When it last had everything that the leader had.</summary>
    public Instant CaughtUpAt { get; set; }
}

/// <summary>
/// The leader's half of one partition: who replicates it, who of them is in sync, and how far they have come.
/// </summary>
/// <remarks>
/// Inputs   Fetched, IsrProposed, IsrCommitted, IsrRefused
/// Effects  none
///
/// The rule a reader would get wrong: the high watermark is the minimum over the maximal ISR, that is over whoever may be in
/// the ISR when the controller has answered. A replica that is being added counts from the moment it is asked for, and one
/// that is being removed counts until the controller has agreed: only so does every set that may elect a leader hold what is
/// acknowledged.
/// </remarks>
internal sealed class LeaderState
{
    /// <summary>A list, since walking it must allocate nothing: it is walked at every append.</summary>
    private readonly List<FollowerProgress> _followers = [];

    private readonly int _self;

    public LeaderState(int self, int[] replicas, int[] isr, Offset epochStart, Instant now)
    {
        _self = self;
        EpochStart = epochStart;
        Isr = isr;
        SetReplicas(replicas, now);
    }

    /// <summary>Where this leader's own epoch began: nobody is in sync that has not come so far.</summary>
    public Offset EpochStart { get; }

    /// <summary>As the controller last agreed.</summary>
    public int[] Isr { get; private set; }

    /// <summary>What the controller was asked for; null where nothing is open.</summary>
    public int[]? Proposed { get; private set; }

    public IReadOnlyList<FollowerProgress> Followers => _followers;

    public FollowerProgress? Find(int replica)
    {
        foreach (var follower in _followers)
        {
            if (follower.Id == replica)
            {
                return follower;
            }
        }

        return null;
    }

    public bool IsInMaximalIsr(int replica) =>
        Array.IndexOf(Isr, replica) >= 0 || (Proposed is { } proposed && Array.IndexOf(proposed, replica) >= 0);

    /// <summary>The replicas changed under the same leader, as a reassignment does.</summary>
    public void SetReplicas(int[] replicas, Instant now)
    {
        foreach (var replica in replicas)
        {
            if (replica != _self && Find(replica) is null)
            {
                // Members of the ISR are given the time to show that they are there.
                _followers.Add(new FollowerProgress(replica) { CaughtUpAt = now, LastFetchAt = now });
            }
        }

        for (var i = _followers.Count - 1; i >= 0; i--)
        {
            if (Array.IndexOf(replicas, _followers[i].Id) < 0)
            {
                _followers.RemoveAt(i);
            }
        }
    }

    /// <summary>A follower fetches: it has everything below this offset.</summary>
    public void Fetched(FollowerProgress follower, Offset from, Offset leaderEnd, long brokerEpoch, Instant now)
    {
        if (from >= leaderEnd)
        {
            follower.CaughtUpAt = now;
        }
        else if (follower.LeaderEndAtLastFetch >= Offset.Zero && from >= follower.LeaderEndAtLastFetch)
        {
            follower.CaughtUpAt = follower.LastFetchAt;
        }

        follower.LogEnd = from;
        follower.BrokerEpoch = brokerEpoch;
        follower.LastFetchAt = now;
        follower.LeaderEndAtLastFetch = leaderEnd;
    }

    public void IsrProposed(int[] isr) => Proposed = isr;

    /// <summary>What the controller decided takes the place of everything asked for.</summary>
    public void IsrCommitted(int[] isr)
    {
        Isr = isr;
        Proposed = null;
    }

    public void IsrRefused() => Proposed = null;

    /// <summary>The members of the ISR that have been behind for longer than this.</summary>
    public List<int> OutOfSync(Instant now, Duration limit, Offset leaderEnd)
    {
        var late = new List<int>();
        foreach (var replica in Isr)
        {
            if (replica == _self)
            {
                continue;
            }

            var isLate = Find(replica) is not { } follower
                || (follower.LogEnd < leaderEnd && now - follower.CaughtUpAt > limit);
            if (isLate)
            {
                late.Add(replica);
            }
        }

        return late;
    }

    /// <summary>What every member of the maximal ISR holds; the leader's own share is given.</summary>
    public Offset HeldByAll(Offset own)
    {
        var held = own;
        foreach (var follower in _followers)
        {
            if (IsInMaximalIsr(follower.Id))
            {
                held = Offset.Min(held, follower.LogEnd);
            }
        }

        return held;
    }
}
