using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Metadata;

/// <summary>
/// What the cluster knows of one partition. Immutable: a change makes a new one, so that whoever holds the old one
/// can
/// compare. Every applied change raises the partition epoch; naming a leader, the same one included, raises the
/// leader epoch.
/// </summary>
public sealed record PartitionRegistration
{
    /// <summary>No broker leads.</summary>
    public const int NoLeader = -1;

    /// <summary>In a change record: nothing is said about the leader.</summary>
    internal const int LeaderUnchanged = -2;

    private const sbyte NoRecoveryChange = -1;

    public int[] Replicas { get; private init; } = [];

    /// <summary>The log directory of each replica, in the replicas' order (KIP-858).</summary>
    public Uuid[] Directories { get; private init; } = [];

    public int[] Isr { get; private init; } = [];

    public int[] RemovingReplicas { get; private init; } = [];

    public int[] AddingReplicas { get; private init; } = [];

    /// <summary>Replicas outside the ISR that may lead without loss (KIP-966).</summary>
    public int[] Elr { get; private init; } = [];

    public int[] LastKnownElr { get; private init; } = [];

    public int Leader { get; private init; } = NoLeader;

    /// <summary>1 while a leader that was elected uncleanly recovers.</summary>
    public sbyte LeaderRecoveryState { get; private init; }

    public LeaderEpoch LeaderEpoch { get; private init; } = LeaderEpoch.None;

    public int PartitionEpoch { get; private init; }

    internal static PartitionRegistration From(PartitionRecord record) => new()
    {
        Replicas = record.Replicas.ToArray(),
        Directories = DirectoriesOf(record),
        Isr = record.Isr.ToArray(),
        RemovingReplicas = record.RemovingReplicas.ToArray(),
        AddingReplicas = record.AddingReplicas.ToArray(),
        Elr = record.EligibleLeaderReplicas?.ToArray() ?? [],
        LastKnownElr = record.LastKnownElr?.ToArray() ?? [],
        Leader = record.Leader,
        LeaderRecoveryState = record.LeaderRecoveryState,
        LeaderEpoch = new LeaderEpoch(record.LeaderEpoch),
        PartitionEpoch = record.PartitionEpoch,
    };

    /// <summary>The record that says all of this; no eligible replicas are said by leaving them out.</summary>
    internal PartitionRecord ToRecord(Uuid topic, int index)
    {
        var record = new PartitionRecord
        {
            PartitionId = index,
            TopicId = topic,
            Leader = Leader,
            LeaderRecoveryState = LeaderRecoveryState,
            LeaderEpoch = LeaderEpoch.Value,
            PartitionEpoch = PartitionEpoch,
            EligibleLeaderReplicas = Elr.Length > 0 ? new List<int>(Elr) : null,
            LastKnownElr = LastKnownElr.Length > 0 ? new List<int>(LastKnownElr) : null,
        };
        record.Replicas.AddRange(Replicas);
        record.Directories.AddRange(Directories);
        record.Isr.AddRange(Isr);
        record.RemovingReplicas.AddRange(RemovingReplicas);
        record.AddingReplicas.AddRange(AddingReplicas);
        return record;
    }

    /// <summary>Fields that the record leaves out stay as they are.</summary>
    internal PartitionRegistration With(PartitionChangeRecord change)
    {
        var namesLeader = change.Leader != LeaderUnchanged;
        var replicas = change.Replicas?.ToArray() ?? Replicas;
        var directories = change.Replicas is null ? Directories : new Uuid[replicas.Length];
        return new PartitionRegistration
        {
            Replicas = replicas,
            Directories = change.Directories?.ToArray() ?? directories,
            Isr = change.Isr?.ToArray() ?? Isr,
            RemovingReplicas = change.RemovingReplicas?.ToArray() ?? RemovingReplicas,
            AddingReplicas = change.AddingReplicas?.ToArray() ?? AddingReplicas,
            Elr = change.EligibleLeaderReplicas?.ToArray() ?? Elr,
            LastKnownElr = change.LastKnownElr?.ToArray() ?? LastKnownElr,
            Leader = namesLeader ? change.Leader : Leader,
            LeaderRecoveryState = change.LeaderRecoveryState == NoRecoveryChange
                ? LeaderRecoveryState
                : change.LeaderRecoveryState,
            LeaderEpoch = namesLeader ? new LeaderEpoch(LeaderEpoch.Value + 1) : LeaderEpoch,
            PartitionEpoch = PartitionEpoch + 1,
        };
    }

    /// <summary>
    /// The eligible replicas are forgotten, as ClearElr asks; an unchanged registration keeps its epoch.
    /// </summary>
    internal PartitionRegistration WithoutElr() => Elr.Length == 0 && LastKnownElr.Length == 0
        ? this
        : this with { Elr = [], LastKnownElr = [], PartitionEpoch = PartitionEpoch + 1 };

    public bool HasReplica(BrokerId broker) => Array.IndexOf(Replicas, broker.Value) >= 0;

    public bool Equals(PartitionRegistration? other) =>
        other is not null
        && Leader == other.Leader
        && LeaderRecoveryState == other.LeaderRecoveryState
        && LeaderEpoch == other.LeaderEpoch
        && PartitionEpoch == other.PartitionEpoch
        && Replicas.AsSpan().SequenceEqual(other.Replicas)
        && Directories.AsSpan().SequenceEqual(other.Directories)
        && Isr.AsSpan().SequenceEqual(other.Isr)
        && RemovingReplicas.AsSpan().SequenceEqual(other.RemovingReplicas)
        && AddingReplicas.AsSpan().SequenceEqual(other.AddingReplicas)
        && Elr.AsSpan().SequenceEqual(other.Elr)
        && LastKnownElr.AsSpan().SequenceEqual(other.LastKnownElr);

    public override int GetHashCode() => (PartitionEpoch * 31) + LeaderEpoch.Value;

    /// <summary>Version 0 of the record has no directories: each replica's is unknown, the zero id.</summary>
    private static Uuid[] DirectoriesOf(PartitionRecord record) =>
        record.Directories.Count == record.Replicas.Count
            ? record.Directories.ToArray()
            : new Uuid[record.Replicas.Count];
}
