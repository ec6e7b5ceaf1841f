using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Replication;

/// <summary>Who waits for a partition's high watermark.</summary>
public interface IHighWatermarkWaiter
{
    /// <summary>
    /// The high watermark has passed the offset waited for, or this node leads the partition no more: then its leader epoch
    /// is another one, or it is removed. <paramref name="token"/> is what <see cref="Partition.WaitFor"/> was given.
    /// </summary>
    void HighWatermarkReached(Partition partition, long token);
}

/// <summary>Who wants to hear of every move of a partition's high watermark, once, after registering.</summary>
public interface IFetchWaiter
{
    void PartitionAdvanced(Partition partition);
}

/// <summary>One replica on this node: what is appended, what is committed, and who waits for which.</summary>
/// <remarks>
/// Inputs   Follow (what the metadata say), Append, FollowerFetched, AppendFromLeader, LogAdvanced (written or flushed), Removed
/// Effects  those of the log; changes of the ISR are asked for; waiters are called back
///
/// Idle     -> Leader    the metadata name this node
/// Idle     -> Follower  the metadata name another
/// Leader   -> Leader    a new leader epoch of its own: everything that was known of followers is forgotten
/// Leader   -> Follower, Idle  waiters are told
/// any      -> Removed   the topic was deleted, or the replica moved away
///
/// The high watermark is what every member of the maximal ISR holds durably. Durably means flushed where the topic says
/// <c>durability.mode=flush</c>, written where it says <c>page-cache</c>: nobody is shown, and nobody is promised, a record
/// that a crash the mode survives could take back. It stands still while the ISR is smaller than <c>min.insync.replicas</c>
/// (KIP-966).
/// </remarks>
public sealed class Partition : ILogListener
{
    private readonly Queue<(Offset Needed, IHighWatermarkWaiter Waiter, long Token)> _waiters = new();
    private readonly WaitingFetches _consumers;
    private readonly WaitingFetches _followers;
    private readonly ReplicationContext _context;
    private LeaderState? _leader;
    private int[] _replicas = [];
    private bool _isTruncating;
    private PartitionRegistration? _saidMeanwhile;

    internal Partition(ReplicationContext context, string topic, Uuid topicId, int index)
    {
        _context = context;
        _consumers = new WaitingFetches(this);
        _followers = new WaitingFetches(this);
        Topic = topic;
        TopicId = topicId;
        Index = index;
    }

    public string Topic { get; }

    public Uuid TopicId { get; }

    public int Index { get; }

    /// <summary>Null while the log is being loaded.</summary>
    public PartitionLog? Log { get; private set; }

    /// <summary>The epoch of the metadata that this replica follows; -1 before it knows any.</summary>
    public LeaderEpoch LeaderEpoch { get; private set; } = LeaderEpoch.None;

    public int PartitionEpoch { get; private set; } = -1;

    /// <summary>-1 where nobody leads.</summary>
    public int LeaderId { get; private set; } = PartitionRegistration.NoLeader;

    /// <summary>This node leads, and its log is there.</summary>
    public bool IsLeader => _leader is not null;

    /// <summary>1 while a leader that was elected uncleanly has not told the controller that it has recovered.</summary>
    public sbyte LeaderRecoveryState { get; private set; }

    public int ReplicaCount => _replicas.Length;

    /// <summary>Where this node leads: the ISR that the controller last agreed to; else empty.</summary>
    public IReadOnlyList<int> Isr => _leader?.Isr ?? [];

    /// <summary><c>min.insync.replicas</c>, no more than there are replicas.</summary>
    public int MinInsyncReplicas { get; set; } = 1;

    /// <summary>What of its replication a quota slows down.</summary>
    public Throttling Throttling { get; set; }

    /// <summary>A leader gives this follower nothing while its quota is exceeded; never so for a consumer, -1.</summary>
    internal bool IsThrottled(int follower) =>
        follower >= 0 && Throttling.AsLeader && _leader is { } leader && Array.IndexOf(leader.Isr, follower) < 0;

    /// <summary>True where acks=all cannot be kept now.</summary>
    public bool IsUnderMinIsr => _leader is { } leader && leader.Isr.Length < MinInsyncReplicas;

    /// <summary>Every offset below is committed: consumers may read it, and it will not be taken back.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>
    /// End of what a read-committed consumer sees: the high watermark while no transactions are served.
    /// </summary>
    public Offset LastStableOffset => HighWatermark;

    public bool IsRemoved { get; private set; }

    /// <summary>Called whenever the high watermark moved; coordinators answer then.</summary>
    public IHighWatermarkWaiter? Listener { get; set; }

    internal LeaderState? Leader => _leader;

    // What the metadata say

    /// <summary>The log is there, and was known to be committed up to here.</summary>
    public void Opened(PartitionLog log, Offset committed)
    {
        Log = log;
        HighWatermark = Offset.Max(log.LogStartOffset, Offset.Min(committed, log.LogEndOffset));
    }

    /// <summary>Becomes what the metadata say this replica is. Older news than what it knows are ignored.</summary>
    public void Follow(PartitionRegistration said)
    {
        Invariant.Check(Log is not null);
        if (_isTruncating)
        {
            _saidMeanwhile = said;
            return;
        }

        _replicas = said.Replicas;
        if (said.LeaderEpoch > LeaderEpoch)
        {
            var before = LeaderEpoch;
            LeaderEpoch = said.LeaderEpoch;
            PartitionEpoch = said.PartitionEpoch;
            LeaderId = said.Leader;
            LeaderRecoveryState = said.LeaderRecoveryState;
            _leader = null;
            if (before != LeaderEpoch.None)
            {
                ReleaseWaiters();
            }

            if (said.Leader == _context.Self)
            {
                Lead(said);
            }
        }
        else if (said.PartitionEpoch > PartitionEpoch)
        {
            PartitionEpoch = said.PartitionEpoch;
            LeaderRecoveryState = said.LeaderRecoveryState;
            if (_leader is { } leader)
            {
                leader.SetReplicas(said.Replicas, _context.Now);
                leader.IsrCommitted(said.Isr);
                AdvanceHighWatermark();
            }
        }

        CheckInvariants();
    }

    // The leader's half

    /// <summary>Appends as the leader; on success asks for durability where the mode wants it.</summary>
    public AppendOutcome Append(
        in Now now, Memory<byte> records, AppendOrigin origin, short produceVersion = short.MaxValue)
    {
        Invariant.Check(Log is not null);
        if (!IsLeader)
        {
            return new AppendOutcome(ErrorCode.NotLeaderOrFollower, null);
        }

        var outcome = Log.Append(now, records, origin, LeaderEpoch, produceVersion);
        if (outcome.IsAppended)
        {
            FlushWhereWanted();
            _followers.Wake();
        }

        return outcome;
    }

    /// <summary>
    /// A follower asks for what is behind this offset, which says that it has everything before. False where this broker is no
    /// replica.
    /// </summary>
    internal bool FollowerFetched(int replica, long brokerEpoch, Offset from, Offset logStart)
    {
        if (_leader is not { } leader || leader.Find(replica) is not { } follower)
        {
            return false;
        }

        follower.LogStart = logStart;
        leader.Fetched(follower, from, Log!.LogEndOffset, brokerEpoch, _context.Now);
        if (leader.Proposed is null
            && Array.IndexOf(leader.Isr, replica) < 0
            && from >= HighWatermark
            && from >= leader.EpochStart
            && _context.MayJoinIsr(replica, brokerEpoch))
        {
            Propose([.. leader.Isr, replica]);
        }

        AdvanceHighWatermark();
        return true;
    }

    /// <summary>Takes whoever has been behind too long out of the ISR; a recovered leader says so.</summary>
    internal void CheckIsr(Duration limit)
    {
        if (_leader is not { Proposed: null } leader)
        {
            return;
        }

        var late = leader.OutOfSync(_context.Now, limit, Log!.LogEndOffset);
        if (late.Count > 0)
        {
            Propose(Array.FindAll(leader.Isr, replica => !late.Contains(replica)));
        }
        else if (LeaderRecoveryState != 0)
        {
            Propose(leader.Isr);
        }
    }

    /// <summary>
    /// What the controller answered to a change of the ISR that was asked for. False where it has to be asked again, since
    /// whoever answered does not know.
    /// </summary>
    /// <remarks>
    /// The answer may be that of a repetition, and the first request carried out. So only one error says that nothing
    /// will come of it: the controller makes whatever was asked before an ineligible replica outdated. With every other the
    /// change stays open, and whoever would come in counts, until the metadata tell of a later partition epoch.
    /// </remarks>
    internal bool IsrAnswered(ErrorCode error, LeaderEpoch epoch, int partitionEpoch, int[] isr)
    {
        if (_leader is not { Proposed: not null } leader)
        {
            return true;
        }

        switch (error)
        {
            // In a later leader epoch a reassignment has ended with it: until the metadata tell, whoever came in still counts.
            case ErrorCode.None when epoch == LeaderEpoch && partitionEpoch >= PartitionEpoch:
                PartitionEpoch = partitionEpoch;
                LeaderRecoveryState = 0;
                leader.IsrCommitted(isr);
                AdvanceHighWatermark();
                return true;
            case ErrorCode.IneligibleReplica:
                leader.IsrRefused();
                return true;
            case ErrorCode.None or ErrorCode.FencedLeaderEpoch or ErrorCode.InvalidUpdateVersion or ErrorCode.NewLeaderElected
                or ErrorCode.UnknownTopicId or ErrorCode.UnknownTopicOrPartition or ErrorCode.InvalidRequest:
                return true;
            default:
                return false;
        }
    }

    // The follower's half

    /// <summary>Appends what the leader of this epoch sent. The bytes must live until the effects are done.</summary>
    internal AppendOutcome AppendFromLeader(in Now now, Memory<byte> records)
    {
        Invariant.Check(!IsLeader && Log is not null);
        var outcome = Log.Append(now, records, AppendOrigin.Replica, LeaderEpoch);
        FlushWhereWanted();
        return outcome;
    }

    /// <summary>How far the leader says that the partition is committed, and where it begins.</summary>
    internal void LeaderSaid(Offset highWatermark, Offset logStart, in Now now)
    {
        Invariant.Check(!IsLeader && Log is not null);
        if (logStart > Log.LogStartOffset && logStart <= Log.LogEndOffset)
        {
            Log.AdvanceLogStart(logStart, now);
        }

        var known = Offset.Max(Offset.Min(highWatermark, Log.LogEndOffset), Log.LogStartOffset);
        if (known > HighWatermark)
        {
            HighWatermark = known;
            _consumers.Wake();
        }
    }

    /// <summary>
    /// Cuts the log where it and the leader's part; from an offset beyond its end, begins it anew there. Until that has ended
    /// nothing else is done with it: news of the metadata wait.
    /// </summary>
    internal void Truncate(Offset to, Action whenDone)
    {
        Invariant.Check(!IsLeader && !_isTruncating && Log is not null);
        _isTruncating = true;
        Routine.Run(to > Log.LogEndOffset ? Log.RestartAt(to, _context.WholeNow) : Cut(Log, to), () =>
        {
            _isTruncating = false;
            if (IsRemoved)
            {
                // The log was abandoned half-way: nothing of it may be looked at.
                return;
            }

            HighWatermark = Offset.Max(Offset.Min(HighWatermark, Log.LogEndOffset), Log.LogStartOffset);
            CheckInvariants();
            var said = _saidMeanwhile;
            _saidMeanwhile = null;
            if (said is not null)
            {
                Follow(said);
                _context.RoleChanged?.Invoke(this);
            }

            whenDone();
        });
    }

    // Waiting

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
    public void WaitForFetch(IFetchWaiter waiter) => _consumers.Add(waiter);

    /// <summary>Calls a follower's fetch back, once, at the next append or move of the high watermark.</summary>
    public void WaitForAppend(IFetchWaiter waiter) => _followers.Add(waiter);

    public void StopWaitingForFetch(IFetchWaiter waiter)
    {
        _consumers.Remove(waiter);
        _followers.Remove(waiter);
    }

    public void LogAdvanced(PartitionLog log, in Now now)
    {
        AdvanceHighWatermark();
        _context.LogAdvanced?.Invoke(this);
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

    /// <summary>This node holds the partition no more: everybody who waits is told, and finds <see cref="IsRemoved"/>.</summary>
    public void Removed()
    {
        IsRemoved = true;
        _leader = null;
        ReleaseWaiters();
    }

    private void Lead(PartitionRegistration said)
    {
        Log!.AssignEpochStart(said.LeaderEpoch);
        _leader = new LeaderState(_context.Self, said.Replicas, said.Isr, Log.LogEndOffset, _context.Now);
        HighWatermark = Offset.Max(HighWatermark, Log.LogStartOffset);
        FlushWhereWanted();
        AdvanceHighWatermark();
        if (LeaderRecoveryState != 0)
        {
            Propose(said.Isr);
        }
    }

    /// <summary>The recovery point on the disk goes down first: after a crash nothing may look lost that was cut.</summary>
    private IEnumerator<Ticket> Cut(PartitionLog log, Offset to)
    {
        log.AboutToCut(to);
        var lower = _context.LowerRecoveryPoint?.Invoke(this);
        while (lower is not null && lower.MoveNext())
        {
            yield return lower.Current;
        }

        var cut = log.TruncateTo(to, _context.WholeNow);
        while (cut.MoveNext())
        {
            yield return cut.Current;
        }
    }

    private void Propose(int[] isr)
    {
        _leader!.IsrProposed(isr);
        _context.ProposeIsr(this, isr);
    }

    private void FlushWhereWanted()
    {
        if (Log!.Config.Durability == DurabilityMode.Flush)
        {
            Log.Flush();
        }
    }

    private void AdvanceHighWatermark()
    {
        if (Log is null || _leader is not { } leader || IsUnderMinIsr)
        {
            return;
        }

        var held = leader.HeldByAll(Log.SafeOffset);
        if (held <= HighWatermark)
        {
            return;
        }

        HighWatermark = held;
        while (_waiters.TryPeek(out var first) && first.Needed <= HighWatermark)
        {
            _waiters.Dequeue();
            first.Waiter.HighWatermarkReached(this, first.Token);
        }

        Listener?.HighWatermarkReached(this, HighWatermark.Value);
        WakeFetches();
    }

    private void ReleaseWaiters()
    {
        while (_waiters.TryDequeue(out var waiting))
        {
            waiting.Waiter.HighWatermarkReached(this, waiting.Token);
        }

        WakeFetches();
    }

    private void WakeFetches()
    {
        _consumers.Wake();
        _followers.Wake();
    }

    private void CheckInvariants()
    {
        // While it is being cut the log is shorter already than what the high watermark, corrected at the end, says.
        if (Log is { } log && !_isTruncating)
        {
            Invariant.Check(HighWatermark <= log.LogEndOffset);
            Invariant.Check(log.LogStartOffset <= log.LogEndOffset);
            Invariant.Check(_leader is null || _replicas.Length == 0 || Array.IndexOf(_replicas, _context.Self) >= 0);
        }
    }
}
