using System.Collections.Generic;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Metadata;

/// <summary>An image as the records that make it: what a snapshot holds.</summary>
/// <remarks>
/// Inputs   an image as it is at the call
/// Effects  none
///
/// The rule a reader would get wrong: the image goes on changing while the records are written, piece by piece. So the call
/// takes hold of the immutable parts at once, which costs a reference for each, and the records are made from those one by
/// one when they are asked for. The level of the quorum itself is a control record and not among them.
/// </remarks>
internal static class ImageRecords
{
    /// <summary>In Kafka's order: features first, since they say how the rest is to be read.</summary>
    public static IEnumerator<MetadataRecord> Of(MetadataImage image)
    {
        var first = new List<MetadataRecord>();
        AddFeatures(image, first);
        var brokers = new List<BrokerRegistration>(image.Cluster.Brokers);
        var controllers = new List<RegisterControllerRecord>(image.Cluster.ControllerRecords);
        var topics = new List<(TopicImage Topic, List<PartitionRegistration> Partitions)>(image.Topics.Count);
        foreach (var topic in image.Topics.All)
        {
            topics.Add((topic, new List<PartitionRegistration>(topic.Partitions)));
        }

        var last = new List<MetadataRecord>();
        AddConfigs(image, last);
        if (image.NextProducerId > 0)
        {
            last.Add(Make(new ProducerIdsRecord { BrokerId = -1, BrokerEpoch = -1, NextProducerId = image.NextProducerId }));
        }

        last.AddRange(image.Kept.All);
        return All(first, brokers, controllers, topics, last);
    }

    private static IEnumerator<MetadataRecord> All(
        List<MetadataRecord> first,
        List<BrokerRegistration> brokers,
        List<RegisterControllerRecord> controllers,
        List<(TopicImage Topic, List<PartitionRegistration> Partitions)> topics,
        List<MetadataRecord> last)
    {
        foreach (var record in first)
        {
            yield return record;
        }

        foreach (var broker in brokers)
        {
            yield return Make(broker.ToRecord());
        }

        foreach (var controller in controllers)
        {
            yield return Make(controller);
        }

        foreach (var (topic, partitions) in topics)
        {
            yield return Make(new TopicRecord { Name = topic.Name, TopicId = topic.Id });
            for (var index = 0; index < partitions.Count; index++)
            {
                yield return Make(partitions[index].ToRecord(topic.Id, index));
            }
        }

        foreach (var record in last)
        {
            yield return record;
        }
    }

    private static void AddFeatures(MetadataImage image, List<MetadataRecord> records)
    {
        var level = image.Features.LevelOf(FeaturesImage.MetadataVersion);
        if (level > 0)
        {
            records.Add(Make(new FeatureLevelRecord { Name = FeaturesImage.MetadataVersion, FeatureLevel = level }));
        }

        foreach (var (name, other) in image.Features.Finalized)
        {
            if (name is not (FeaturesImage.MetadataVersion or FeaturesImage.KRaftVersion))
            {
                records.Add(Make(new FeatureLevelRecord { Name = name, FeatureLevel = other }));
            }
        }
    }

    private static void AddConfigs(MetadataImage image, List<MetadataRecord> records)
    {
        foreach (var type in image.Configs.Types)
        {
            foreach (var resource in image.Configs.NamesOf((ConfigResourceType)type))
            {
                foreach (var (name, value) in image.Configs.Of((ConfigResourceType)type, resource))
                {
                    records.Add(Make(new ConfigRecord
                    {
                        ResourceType = (sbyte)type,
                        ResourceName = resource,
                        Name = name,
                        Value = value,
                    }));
                }
            }
        }
    }

    private static MetadataRecord Make(IMetadataRecord message) => MetadataRecord.Of(message);
}
