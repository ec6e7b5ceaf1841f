using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>What becomes of the partitions when a broker leaves or joins those that may lead.</summary>
/// <remarks>
/// The records of the partitions come before the one that fences, and after the one that unfences, so that a decision
/// cut in parts never shows a fenced leader.
/// </remarks>
internal sealed class BrokerFencing
{
    private readonly ControllerView _view;

    public BrokerFencing(ControllerView view)
    {
        _view = view;
    }

    /// <summary>The broker is silent, or asked for it.</summary>
    public void Fence(BrokerRegistration broker, List<MetadataRecord> records)
    {
        Leave(broker.Id, BrokerLoss.None, records);
        records.Add(MetadataRecord.Of(new BrokerRegistrationChangeRecord
        {
            BrokerId = broker.Id,
            BrokerEpoch = broker.Epoch,
            Fenced = 1,
        }));
    }

    /// <summary>The broker is ready: it may lead, and partitions that nobody could lead may have waited for it.</summary>
    public void Unfence(BrokerRegistration broker, List<MetadataRecord> records)
    {
        records.Add(MetadataRecord.Of(new BrokerRegistrationChangeRecord
        {
            BrokerId = broker.Id,
            BrokerEpoch = broker.Epoch,
            Fenced = -1,
        }));
        var active = new ActiveBrokers(_view.Image.Cluster, Joining: broker.Id);
        ForEach(active, records, partition => partition.Leader == PartitionRegistration.NoLeader, _ => { });
    }

    /// <summary>The broker will stop: its leaderships go first, and it leaves every ISR, which nobody need wait for.</summary>
    public void BeginShutdown(BrokerRegistration broker, List<MetadataRecord> records)
    {
        Leave(broker.Id, BrokerLoss.None, records);
        records.Add(MetadataRecord.Of(new BrokerRegistrationChangeRecord
        {
            BrokerId = broker.Id,
            BrokerEpoch = broker.Epoch,
            InControlledShutdown = 1,
        }));
    }

    /// <summary>
    /// The partitions without this broker; where it begins another life, with what it may have lost of the one before, and
    /// the disks that it came with.
    /// </summary>
    public void Leave(int broker, BrokerLoss loss, List<MetadataRecord> records, ReturningDisks? disks = null)
    {
        var active = new ActiveBrokers(_view.Image.Cluster, Leaving: broker);
        ForEach(
            active,
            records,
            partition => partition.Leader == broker
                || Array.IndexOf(partition.Isr, broker) >= 0
                || (loss != BrokerLoss.None && Array.IndexOf(partition.Elr, broker) >= 0)
                || disks?.IsGone(partition) == true,
            change =>
            {
                change.RemoveFromIsr(broker);
                change.Restarted = (broker, loss);
                change.Return(disks);
            });
    }

    /// <summary>Elects wherever the metadata, as they are, allow a better choice.</summary>
    public void Repair(List<MetadataRecord> records)
    {
        var active = new ActiveBrokers(_view.Image.Cluster);
        ForEach(
            active,
            records,
            partition => partition.Leader == PartitionRegistration.NoLeader || !active.Contains(partition.Leader),
            _ => { });
    }

    private void ForEach(
        ActiveBrokers active,
        List<MetadataRecord> records,
        Predicate<PartitionRegistration> isMeant,
        Action<PartitionChange> target)
    {
        foreach (var topic in _view.Image.Topics.All)
        {
            PartitionPolicy? policy = null;
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                if (!isMeant(topic.Partitions[index]))
                {
                    continue;
                }

                policy ??= PartitionPolicy.Of(_view, topic.Name);
                var change = new PartitionChange(topic, index, policy.Value, active);
                target(change);
                if (change.Build() is { } record)
                {
                    records.Add(record);
                }
            }
        }
    }
}
