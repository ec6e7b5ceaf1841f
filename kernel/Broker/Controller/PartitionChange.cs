using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Who is to lead.</summary>
internal enum ElectionKind : byte
{
    /// <summary>The leader that there is, as long as it may; else the first replica that may.</summary>
    Online,

    /// <summary>The first replica of the list where it may; else as <see cref="Online"/>.</summary>
    Preferred,

    /// <summary>As <see cref="Online"/>, and at the last any replica alive, though records be lost.</summary>
    Unclean,
}

/// <summary>What a broker that begins another life may have lost of what it had acknowledged.</summary>
internal enum BrokerLoss : byte
{
    /// <summary>Nothing: it stopped in good order, or it lives.</summary>
    None,

    /// <summary>What was not flushed: it crashed.</summary>
    Unflushed,

    /// <summary>Everything: the disk of this replica is not there any more, or does not show what was flushed.</summary>
    Everything,
}

/// <summary>One partition under decision: what is asked of it, and the one record that makes it so.</summary>
/// <remarks>
/// Whoever decides sets the targets; <see cref="Build"/> then completes a reassignment that has come far enough, keeps the
/// eligible replicas, and elects. In this order, because each step works on what the one before leaves.
///
/// A replica that leaves the ISR while it is smaller than min.insync.replicas holds everything that is committed, because
/// nothing is committed from then on: it becomes eligible (KIP-966). Once the ISR is large enough again nobody outside
/// it is eligible any more. Without KIP-966 the last member never leaves the ISR; it only ceases to lead, unless its disk
/// is gone.
/// </remarks>
internal sealed class PartitionChange
{
    private readonly TopicImage _topic;
    private readonly int _index;
    private readonly PartitionRegistration _before;
    private readonly PartitionPolicy _policy;
    private readonly ActiveBrokers _active;
    private List<int> _replicas;
    private List<int> _isr;
    private List<int> _elr;
    private List<int> _lastKnown;
    private List<int> _removing;
    private List<int> _adding;
    private int _leader;
    private bool _isUnclean;
    private Uuid _home;

    public PartitionChange(TopicImage topic, int index, in PartitionPolicy policy, in ActiveBrokers active)
    {
        _topic = topic;
        _index = index;
        _before = topic.Partitions[index];
        _policy = policy;
        _active = active;
        _replicas = new List<int>(_before.Replicas);
        _isr = new List<int>(_before.Isr);
        _elr = new List<int>(_before.Elr);
        _lastKnown = new List<int>(_before.LastKnownElr);
        _removing = new List<int>(_before.RemovingReplicas);
        _adding = new List<int>(_before.AddingReplicas);
        _leader = _before.Leader;
    }

    public ElectionKind Election { get; set; }

    /// <summary>0 where the leader says that it has recovered from an unclean election; null for no change.</summary>
    public sbyte? RecoveryState { get; set; }

    /// <summary>Where a replica that is new to the partition is placed.</summary>
    public Func<int, Uuid>? DirectoryOf { get; set; }

    /// <summary>
    /// The broker restarted and may have lost what it had acknowledged: it is not eligible any more (KIP-966). Not so after a
    /// crash where only what is flushed is acknowledged: there it lost nothing, and dropping it would throw records away. A
    /// new disk holds nothing whatever was promised, so it is not even the last known leader, whom Kafka would elect.
    /// </summary>
    public (int Broker, BrokerLoss Loss) Restarted { get; set; } = (-1, BrokerLoss.None);

    /// <summary>A broker comes back: with the disk of this replica, or to begin it anew on another.</summary>
    public void Return(ReturningDisks? disks)
    {
        if (disks is { } returning && returning.IsGone(_before))
        {
            Restarted = (returning.Broker, BrokerLoss.Everything);
            _home = returning.Home;
        }
    }

    /// <summary>The broker says that it does not have any more what it had of this replica.</summary>
    public void Lose(int broker)
    {
        RemoveFromIsr(broker);
        Restarted = (broker, BrokerLoss.Everything);
        _home = ReplicaPlacement.Lost;
    }

    public void SetIsr(IReadOnlyList<int> isr) => _isr = new List<int>(isr);

    public void RemoveFromIsr(int broker) => _isr.Remove(broker);

    /// <summary>A reassignment, or its end: all replicas as long as it lasts, and which of them come and go.</summary>
    public void SetReplicas(List<int> replicas, List<int> adding, List<int> removing)
    {
        _replicas = replicas;
        _adding = adding;
        _removing = removing;
        _isr.RemoveAll(member => !replicas.Contains(member));
    }

    /// <summary>Null where nothing changes.</summary>
    public MetadataRecord? Build()
    {
        CompleteReassignment();
        if (_isr.Count == 0 && !_policy.IsElrEnabled)
        {
            _isr = new List<int>(_before.Isr);
            _isr.RemoveAll(IsEmptied);
        }

        KeepEligible();
        Elect();
        Invariant.Check(_leader == PartitionRegistration.NoLeader || _isr.Contains(_leader));
        var record = Describe();
        return record is null ? null : MetadataRecord.Of(record);
    }

    /// <summary>
    /// Done when every added replica is in sync. Where the reassignment leaves fewer replicas, all that stay must be;
    /// else a replica that was not in sync before, and is neither added nor removed, would hold it up for ever. It never
    /// ends by taking an ISR below the minimum.
    /// </summary>
    private void CompleteReassignment()
    {
        if (_adding.Count == 0 && _removing.Count == 0)
        {
            return;
        }

        var target = _replicas.FindAll(replica => !_removing.Contains(replica));
        var isr = _isr.FindAll(target.Contains);
        var isShrinking = target.Count < _replicas.Count - _adding.Count;
        var isEnough = isr.Count >= Math.Min(MinimumOf(target.Count), _isr.Count);
        var isDone = isr.Count > 0
            && isEnough
            && _adding.TrueForAll(isr.Contains)
            && (!isShrinking || target.TrueForAll(isr.Contains));
        if (isDone && target.Count > 0)
        {
            _replicas = target;
            _isr = isr;
            _adding = [];
            _removing = [];
        }
    }

    private int MinimumOf(int replicas) => Math.Min(_policy.MinInSyncReplicas, replicas);

    private void KeepEligible()
    {
        if (!_policy.IsElrEnabled || _isr.Count >= MinimumOf(_replicas.Count))
        {
            _elr = [];
            _lastKnown = [];
            return;
        }

        foreach (var member in _before.Isr)
        {
            if (!_elr.Contains(member))
            {
                _elr.Add(member);
            }
        }

        var isLossy = Restarted.Loss == BrokerLoss.Everything
            || (Restarted.Loss == BrokerLoss.Unflushed && !_policy.SurvivesCrashes);
        var lossy = isLossy ? Restarted.Broker : -1;
        _elr.RemoveAll(member => member == lossy || _isr.Contains(member) || !_replicas.Contains(member));
        _lastKnown.RemoveAll(member => !_replicas.Contains(member));
        if (_isr.Count == 0 && _before.Leader != PartitionRegistration.NoLeader && _replicas.Contains(_before.Leader))
        {
            _lastKnown = [_before.Leader];
        }

        // Nobody is left who surely holds everything; the one that was, to the end, is the best that there is.
        if (_isr.Count == 0 && _elr.Count == 0 && _lastKnown.Count == 0 && _replicas.Contains(lossy))
        {
            _lastKnown = [lossy];
        }

        _lastKnown.RemoveAll(IsEmptied);
    }

    private bool IsEmptied(int replica) => Restarted == (replica, BrokerLoss.Everything);

    private void Elect()
    {
        if (Election == ElectionKind.Preferred && MayLead(_replicas[0]))
        {
            _leader = _replicas[0];
            return;
        }

        if (MayLead(_leader))
        {
            return;
        }

        _leader = _replicas.FindIndex(MayLead) is var first and >= 0 ? _replicas[first] : ElectFromOutside();
        if (_isr.Count > 0)
        {
            _lastKnown = [];
        }

        if (_isr.Count >= MinimumOf(_replicas.Count))
        {
            _elr = [];
        }
    }

    private bool MayLead(int broker) => _replicas.Contains(broker) && _isr.Contains(broker) && _active.Contains(broker);

    /// <summary>Nobody in the ISR may lead: an eligible replica, the last known leader, or, where that is allowed, any.</summary>
    private int ElectFromOutside()
    {
        foreach (var replica in _replicas)
        {
            if (_elr.Contains(replica) && _active.Contains(replica))
            {
                _elr.Remove(replica);
                _isr = [replica];
                return replica;
            }
        }

        var isKnownLeader = _policy.IsElrEnabled && _isr.Count == 0 && _elr.Count == 0 && _lastKnown.Count == 1;
        if (isKnownLeader && _active.Contains(_lastKnown[0]))
        {
            return ElectUncleanly(_lastKnown[0]);
        }

        // A replica on its way in may hold nothing at all: only who asks in so many words gets it, and after all others.
        var isAsked = Election == ElectionKind.Unclean;
        if (_policy.IsUncleanElectionAllowed || isAsked)
        {
            var old = _replicas.FindIndex(replica => _active.Contains(replica) && !_adding.Contains(replica));
            var any = old >= 0 || !isAsked ? old : _replicas.FindIndex(_active.Contains);
            if (any >= 0)
            {
                return ElectUncleanly(_replicas[any]);
            }
        }

        return PartitionRegistration.NoLeader;
    }

    private int ElectUncleanly(int replica)
    {
        _isr = [replica];
        _elr = [];
        _lastKnown = [];
        _isUnclean = true;
        return replica;
    }

    private PartitionChangeRecord? Describe()
    {
        var record = new PartitionChangeRecord
        {
            PartitionId = _index,
            TopicId = _topic.Id,
            Isr = Changed(_isr, _before.Isr),
            EligibleLeaderReplicas = Changed(_elr, _before.Elr),
            LastKnownElr = Changed(_lastKnown, _before.LastKnownElr),
            Replicas = Changed(_replicas, _before.Replicas),
            AddingReplicas = Changed(_adding, _before.AddingReplicas),
            RemovingReplicas = Changed(_removing, _before.RemovingReplicas),
        };
        if (record.Replicas is not null || Array.Exists(_before.Replicas, IsEmptied))
        {
            record.Directories = Directories();
        }

        // A replica that is gone must not go on as if it belonged: only a new epoch tells it and the leader.
        var isAnyGone = Array.Exists(_before.Replicas, replica => !_replicas.Contains(replica));
        if (_leader != _before.Leader || isAnyGone || _isUnclean)
        {
            record.Leader = _leader;
        }

        var recovery = _isUnclean ? (sbyte)1 : RecoveryState ?? _before.LeaderRecoveryState;
        if (recovery != _before.LeaderRecoveryState)
        {
            record.LeaderRecoveryState = recovery;
        }

        return IsAnything(record) ? record : null;
    }

    private static bool IsAnything(PartitionChangeRecord record) =>
        record.Isr is not null
        || record.EligibleLeaderReplicas is not null
        || record.LastKnownElr is not null
        || record.Replicas is not null
        || record.Directories is not null
        || record.AddingReplicas is not null
        || record.RemovingReplicas is not null
        || record.Leader != PartitionRegistration.LeaderUnchanged
        || record.LeaderRecoveryState != -1;

    private List<Uuid> Directories()
    {
        var directories = new List<Uuid>(_replicas.Count);
        foreach (var replica in _replicas)
        {
            var known = Array.IndexOf(_before.Replicas, replica);
            directories.Add(IsEmptied(replica) ? _home
                : known >= 0 ? _before.Directories[known]
                : DirectoryOf?.Invoke(replica) ?? ReplicaPlacement.Unassigned);
        }

        return directories;
    }

    private static List<int>? Changed(List<int> after, int[] before) =>
        CollectionsMarshal.AsSpan(after).SequenceEqual(before) ? null : after;
}
