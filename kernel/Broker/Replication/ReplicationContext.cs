using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>What all replicas of one node share.</summary>
internal sealed class ReplicationContext(int self, StepClock clock, MetadataImage image)
{
    public int Self => self;

    public Instant Now => clock.Now.Instant;

    /// <summary>Who asks the controller for changes of ISRs; set once, before anything is led.</summary>
    public IsrChanges? IsrChanges { get; set; }

    /// <summary>Told of every move of what a log has written or flushed: fetchers wait for it.</summary>
    public Action<Partition>? LogAdvanced { get; set; }

    /// <summary>Told where a partition's role changed later than the metadata did.</summary>
    public Action<Partition>? RoleChanged { get; set; }

    /// <summary>Ends when nothing on the disk says more of a partition's recovery point than is true; null in tests.</summary>
    public Func<Partition, IEnumerator<Ticket>>? LowerRecoveryPoint { get; set; }

    public Now WholeNow => clock.Now;

    public void ProposeIsr(Partition partition, int[] isr) => IsrChanges?.Ask(partition, isr);

    /// <summary>
    /// A broker that the controller would refuse needs not be proposed: fenced, about to stop, or another life of it.
    /// </summary>
    public bool MayJoinIsr(int broker, long brokerEpoch) =>
        image.Cluster.Find(broker) is { IsFenced: false, IsInControlledShutdown: false } registration
        && (brokerEpoch < 0 || registration.Epoch == brokerEpoch);

    public long BrokerEpochOf(int broker) => image.Cluster.Find(broker)?.Epoch ?? -1;
}
