using System;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;

namespace Deterministic.Broker.Controller;

/// <summary>Tells simulations what became of brokers and partitions, once for the cluster.</summary>
/// <remarks>
/// Inputs   what the image tells its listeners
/// Effects  probes
///
/// Every node replays every record: only the active controller counts, or each event would be counted once a node and again
/// after each restart.
/// </remarks>
internal sealed class ClusterProbes(Controller controller, Effects effects) : IMetadataListener
{
    public void PartitionChanged(
        TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after)
    {
        if (before is null)
        {
            return;
        }

        if (after.Leader != before.Leader)
        {
            Reached(after.Leader == PartitionRegistration.NoLeader ? ProbePoint.PartitionOffline : ProbePoint.LeaderElected);
        }

        if (after.LeaderRecoveryState > before.LeaderRecoveryState)
        {
            Reached(ProbePoint.UncleanLeaderElected);
        }

        if (after.Isr.Length != before.Isr.Length)
        {
            Reached(after.Isr.Length < before.Isr.Length ? ProbePoint.IsrShrunk : ProbePoint.IsrExpanded);
        }

        if (after.Elr.Length > before.Elr.Length)
        {
            Reached(ProbePoint.ElrGrew);
        }

        if (before.AddingReplicas.Length + before.RemovingReplicas.Length > 0
            && after.AddingReplicas.Length + after.RemovingReplicas.Length == 0)
        {
            Reached(ProbePoint.ReassignmentEnded);
        }
    }

    public void TopicDeleted(TopicImage topic)
    {
    }

    public void ConfigChanged(ConfigResourceType type, string name, string key)
    {
    }

    public void BrokerChanged(BrokerRegistration? before, BrokerRegistration? after)
    {
        if (before is { IsFenced: false } && after is { IsFenced: true })
        {
            Reached(after.Epoch == before.Epoch ? ProbePoint.BrokerFenced : ProbePoint.BrokerReturned);
        }
    }

    private void Reached(ProbePoint point)
    {
        if (controller.IsActive)
        {
            effects.Reached(point);
        }
    }
}
