using Deterministic.Broker.Metadata.Configs;

namespace Deterministic.Broker.Metadata;

/// <summary>
/// Who must act when the metadata change. Called while a record is replayed; the image shows the record's effect.
/// </summary>
public interface IMetadataListener
{
    /// <summary>A partition came into being (<paramref name="before"/> is null) or changed.</summary>
    void PartitionChanged(
        TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after);

    /// <summary>The topic and all its partitions are gone from the image.</summary>
    void TopicDeleted(TopicImage topic);

    /// <summary>A key was set or removed. An empty broker name means all brokers.</summary>
    void ConfigChanged(ConfigResourceType type, string name, string key);

    /// <summary>
    /// A broker was registered (<paramref name="before"/> is null), changed, or is gone (<paramref name="after"/> is null).
    /// Nothing to do for most.
    /// </summary>
    void BrokerChanged(BrokerRegistration? before, BrokerRegistration? after)
    {
    }
}
