using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>Who waits for a partition's high watermark.</summary>
public interface IHighWatermarkWaiter
{
    /// <summary>
    /// The high watermark has passed the offset waited for, or the partition is gone. <paramref name="token"/> is
    /// what
    /// <see cref="Partition.WaitFor"/> was given.
    /// </summary>
    void HighWatermarkReached(Partition partition, long token);
}

/// <summary>Who wants to hear of every move of a partition's high watermark, once, after registering.</summary>
public interface IFetchWaiter
{
    void PartitionAdvanced(Partition partition);
}

/// <summary>
/// The leader's half of one partition: what is appended, what is committed, and who waits for which.
/// </summary>
/// <remarks>
/// Inputs   Append, LogAdvanced (written or flushed), Removed
/// Effects  those of the log; waiters are called back
///
/// The high watermark is what every in-sync replica holds durably, and this node is the only replica so far.
/// Durably means
/// flushed where the topic says <c>durability.mode=flush</c>, written where it says <c>page-cache</c>: nobody is
/// shown, and
/// nobody is promised, a record that a crash the mode survives could take back.
/// </remarks>
public sealed class Partition : ILogListener
{
    private readonly Queue<(Offset Needed, IHighWatermarkWaiter Waiter, long Token)> _waiters = new();
    private readonly List<IFetchWaiter> _fetchWaiters = [];
    private readonly List<IFetchWaiter> _woken = [];

    public Partition(string topic, Uuid topicId, int index)
    {
        Topic = topic;
        TopicId = topicId;
        Index = index;
    }

    public string Topic { get; }

    public Uuid TopicId { get; }

    public int Index { get; }

    /// <summary>Null while the log is being loaded.</summary>
    public PartitionLog? Log { get; private set; }

    public LeaderEpoch LeaderEpoch { get; private set; } = LeaderEpoch.None;

    /// <summary>Every offset below is committed: consumers may read it, and it will not be taken back.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>
    /// End of what a read-committed consumer sees: the high watermark while no transactions are served.
    /// </summary>
    public Offset LastStableOffset => HighWatermark;

    public bool IsRemoved { get; private set; }

    /// <summary>Called whenever the high watermark moved; coordinators answer then.</summary>
    public IHighWatermarkWaiter? Listener { get; set; }

    /// <summary>The log is loaded and this node leads it in <paramref name="epoch"/>.</summary>
    public void BecomeLeader(PartitionLog log, LeaderEpoch epoch)
    {
        Invariant.Check(epoch >= LeaderEpoch);
        Log = log;
        LeaderEpoch = epoch;
        log.AssignEpochStart(epoch);
        HighWatermark = Offset.Max(HighWatermark, log.LogStartOffset);
        AdvanceHighWatermark();
        CheckInvariants();
    }

    /// <summary>Appends as the leader; on success asks for durability where the mode wants it.</summary>
    public AppendOutcome Append(
        in Now now, Memory<byte> records, AppendOrigin origin, short produceVersion = short.MaxValue)
    {
        Invariant.Check(Log is not null);
        var outcome = Log.Append(now, records, origin, LeaderEpoch, produceVersion);
        if (outcome.IsAppended && Log.Config.Durability == DurabilityMode.Flush)
        {
            Log.Flush();
        }

        return outcome;
    }

    /// <summary>
    /// True where everything below <paramref name="needed"/> is committed already; else the waiter is called later.
    /// </summary>
    public bool WaitFor(Offset needed, IHighWatermarkWaiter waiter, long token)
    {
        if (HighWatermark >= needed)
        {
            return true;
        }

        // Order: a duplicate may need less than the last one waiting; it may be answered later than it could be,
        // never earlier.
        _waiters.Enqueue((needed, waiter, token));
        return false;
    }

    /// <summary>Calls the waiter back, once, at the next move of the high watermark.</summary>
    public void WaitForFetch(IFetchWaiter waiter) => _fetchWaiters.Add(waiter);

    public void StopWaitingForFetch(IFetchWaiter waiter) => _fetchWaiters.Remove(waiter);

    public void LogAdvanced(PartitionLog log, in Now now)
    {
        AdvanceHighWatermark();
        CheckInvariants();
    }

    /// <summary>
    /// The log start moved past the high watermark only where a checkpoint said so; keep them ordered.
    /// </summary>
    public void LogStartAdvanced()
    {
        if (Log is { } log && HighWatermark < log.LogStartOffset)
        {
            HighWatermark = log.LogStartOffset;
        }

        WakeFetches();
    }

    /// <summary>The topic was deleted: everybody who waits is told, and finds <see cref="IsRemoved"/>.</summary>
    public void Removed()
    {
        IsRemoved = true;
        while (_waiters.TryDequeue(out var waiting))
        {
            waiting.Waiter.HighWatermarkReached(this, waiting.Token);
        }

        WakeFetches();
    }

    private void AdvanceHighWatermark()
    {
        if (Log is null)
        {
            return;
        }

        var durable = Log.Config.Durability == DurabilityMode.Flush ? Log.FlushedOffset : Log.WrittenOffset;
        if (durable <= HighWatermark)
        {
            return;
        }

        HighWatermark = durable;
        while (_waiters.TryPeek(out var first) && first.Needed <= HighWatermark)
        {
            _waiters.Dequeue();
            first.Waiter.HighWatermarkReached(this, first.Token);
        }

        Listener?.HighWatermarkReached(this, HighWatermark.Value);
        WakeFetches();
    }

    private void WakeFetches()
    {
        if (_fetchWaiters.Count == 0)
        {
            return;
        }

        Invariant.Check(_woken.Count == 0);
        _woken.AddRange(_fetchWaiters);
        _fetchWaiters.Clear();
        foreach (var waiter in _woken)
        {
            waiter.PartitionAdvanced(this);
        }

        _woken.Clear();
    }

    private void CheckInvariants()
    {
        if (Log is { } log)
        {
            Invariant.Check(HighWatermark <= log.LogEndOffset);
            Invariant.Check(log.LogStartOffset <= log.LogEndOffset);
        }
    }
}
