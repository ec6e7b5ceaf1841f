using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Forgets the eligible replicas of a topic, or of all, because min.insync.replicas changes (KIP-966).</summary>
/// <remarks>
/// They are eligible because nothing is committed with fewer in-sync replicas than the old minimum; with a smaller one
/// something may be. Not so where nobody is in sync at all: nobody commits anything there, and the eligible replicas are
/// all that is left of the partition. ClearElr would take them too, so that record is written only where there are none.
/// </remarks>
internal sealed class ElrClearing
{
    private readonly ControllerView _view;

    public ElrClearing(ControllerView view)
    {
        _view = view;
    }

    /// <summary>An empty name means every topic.</summary>
    public void Decide(string topicName, List<MetadataRecord> records)
    {
        var cleared = new List<MetadataRecord>();
        var isAnyKept = false;
        foreach (var topic in _view.Image.Topics.All)
        {
            for (var index = 0; index < topic.Partitions.Count && (topicName.Length == 0 || topic.Name == topicName); index++)
            {
                var partition = topic.Partitions[index];
                var isKept = partition.Isr.Length == 0;
                var hasAny = partition.Elr.Length > 0 || partition.LastKnownElr.Length > 0;
                isAnyKept |= isKept && hasAny;
                if (hasAny && !isKept)
                {
                    cleared.Add(Clear(topic, index));
                }
            }
        }

        if (isAnyKept)
        {
            records.AddRange(cleared);
        }
        else
        {
            records.Add(MetadataRecord.Of(new ClearElrRecord { TopicName = topicName }));
        }
    }

    private static MetadataRecord Clear(TopicImage topic, int index) => MetadataRecord.Of(new PartitionChangeRecord
    {
        PartitionId = index,
        TopicId = topic.Id,
        EligibleLeaderReplicas = [],
        LastKnownElr = [],
    });
}
