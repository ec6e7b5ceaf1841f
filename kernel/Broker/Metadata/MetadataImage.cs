using System.Collections.Generic;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Metadata;

/// <summary>Everything the cluster agrees on, as the fold of the committed records of the metadata log.</summary>
/// <remarks>
/// Inputs   Replay
/// Effects  none; listeners are told
///
/// <see cref="Replay"/> is the only way in: live, after a restart, from a snapshot, on any node. A record that does
/// not fit what came before (a partition of an unknown topic) answers false: the log is not one that a controller
/// wrote, and the node must not serve on top of it. Records of an open metadata transaction are held back until its
/// end.
/// </remarks>
public sealed class MetadataImage : IMetadataStateMachine
{
    private readonly List<IMetadataListener> _listeners = [];
    private List<(MetadataRecord Record, long Offset)>? _transaction;

    public MetadataImage(Uuid clusterId)
    {
        ClusterId = clusterId;
    }

    public Uuid ClusterId { get; internal set; }

    public ClusterImage Cluster { get; } = new();

    public TopicsImage Topics { get; } = new();

    public ConfigsImage Configs { get; } = new();

    public FeaturesImage Features { get; } = new();

    public KeptRecords Kept { get; } = new();

    /// <summary>The first producer id that no broker has been given.</summary>
    public long NextProducerId { get; private set; }

    /// <summary>
    /// Offset of the last record replayed, -1 before the first; ApiVersions tells it as the features' epoch.
    /// </summary>
    public long LastOffset { get; private set; } = -1;

    public long FeaturesEpoch => LastOffset;

    /// <summary>True where the log ends inside a metadata transaction, which a new leader must abort.</summary>
    public bool IsInTransaction => _transaction is not null;

    /// <summary>Told of what is replayed from now on, in the order of registration.</summary>
    public void AddListener(IMetadataListener listener) => _listeners.Add(listener);

    /// <summary>Applies one record; false where it cannot follow what came before.</summary>
    public bool Replay(in MetadataRecord record, long offset)
    {
        LastOffset = offset;
        switch (record.Message)
        {
            case BeginTransactionRecord:
                _transaction ??= [];
                return true;
            case EndTransactionRecord:
                return ReplayTransaction();
            case AbortTransactionRecord:
                _transaction = null;
                return true;
            default:
                if (_transaction is not null)
                {
                    _transaction.Add((record, offset));
                    return true;
                }

                return Apply(record, offset);
        }
    }

    public void SetKRaftVersion(short level) => Features.Set(FeaturesImage.KRaftVersion, level);

    public IEnumerator<MetadataRecord> Freeze() => ImageRecords.Of(this);

    public IMetadataStateMachine Fresh() => new MetadataImage(ClusterId);

    /// <summary>
    /// A snapshot took the place of records that this node will never see. Listeners are told of what differs, in the order in
    /// which a controller would have said it: brokers, what is gone, configurations, partitions.
    /// </summary>
    public void BecomeLike(IMetadataStateMachine loaded)
    {
        var other = (MetadataImage)loaded;
        Invariant.Check(other.LastOffset >= LastOffset);
        _transaction = other._transaction;
        LastOffset = other.LastOffset;
        NextProducerId = other.NextProducerId;
        Features.BecomeLike(other.Features);
        Kept.BecomeLike(other.Kept);
        Cluster.ReplaceControllers(other.Cluster);
        BecomeLikeBrokers(other);
        foreach (var topic in new List<TopicImage>(Topics.All))
        {
            if (other.Topics.Find(topic.Id) is null)
            {
                RemoveTopic(new RemoveTopicRecord { TopicId = topic.Id });
            }
        }

        BecomeLikeConfigs(other.Configs);
        BecomeLikeTopics(other.Topics);
    }

    private void BecomeLikeBrokers(MetadataImage other)
    {
        foreach (var broker in new List<BrokerRegistration>(Cluster.Brokers))
        {
            if (other.Cluster.Find(broker.Id) is null)
            {
                RemoveBroker(broker.Id);
            }
        }

        foreach (var broker in other.Cluster.Brokers)
        {
            SetBroker(broker);
        }
    }

    private void BecomeLikeConfigs(ConfigsImage other)
    {
        var changes = new List<ConfigRecord>();
        AddDifferences(Configs, other, changes, isGone: true);
        AddDifferences(other, Configs, changes, isGone: false);
        foreach (var change in changes)
        {
            ApplyConfig(change);
        }
    }

    /// <summary>What is set in the first and not, or otherwise, in the second.</summary>
    private static void AddDifferences(ConfigsImage first, ConfigsImage second, List<ConfigRecord> changes, bool isGone)
    {
        foreach (var type in first.Types)
        {
            foreach (var name in first.NamesOf((ConfigResourceType)type))
            {
                foreach (var (key, value) in first.Of((ConfigResourceType)type, name))
                {
                    var there = second.Find((ConfigResourceType)type, name, key);
                    if (isGone ? there is null : there != value)
                    {
                        changes.Add(new ConfigRecord
                        {
                            ResourceType = (sbyte)type,
                            ResourceName = name,
                            Name = key,
                            Value = isGone ? null : value,
                        });
                    }
                }
            }
        }
    }

    private void BecomeLikeTopics(TopicsImage other)
    {
        foreach (var topic in other.All)
        {
            var own = Topics.Find(topic.Id) ?? Topics.Add(topic.Name, topic.Id);
            Invariant.Check(own is not null && own.Partitions.Count <= topic.Partitions.Count);
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                var before = index < own.Partitions.Count ? own.Partitions[index] : null;
                var after = topic.Partitions[index];
                if (!after.Equals(before))
                {
                    own.TrySet(index, after);
                    Topics.PartitionCount += before is null ? 1 : 0;
                    Announce(own, index, before, after);
                }
            }
        }
    }

    private bool ReplayTransaction()
    {
        var held = _transaction;
        _transaction = null;
        foreach (var (record, offset) in held ?? [])
        {
            if (!Apply(record, offset))
            {
                return false;
            }
        }

        return true;
    }

    private bool Apply(in MetadataRecord record, long offset)
    {
        switch (record.Message)
        {
            case TopicRecord topic:
                return Topics.Add(topic.Name, topic.TopicId) is not null;
            case PartitionRecord partition:
                return ApplyPartition(partition);
            case PartitionChangeRecord change:
                return ApplyPartitionChange(change);
            case RemoveTopicRecord removed:
                return RemoveTopic(removed);
            case ConfigRecord config:
                ApplyConfig(config);
                return true;
            case ClearElrRecord clear:
                ClearElr(clear.TopicName);
                return true;
            case FeatureLevelRecord feature:
                Features.Set(feature.Name, feature.FeatureLevel);
                return true;
            case ProducerIdsRecord ids:
                NextProducerId = ids.NextProducerId;
                return true;
            default:
                return ApplyToCluster(record, offset) || Kept.TryReplay(record) || record.Message is NoOpRecord;
        }
    }

    private bool ApplyToCluster(in MetadataRecord record, long offset)
    {
        switch (record.Message)
        {
            case RegisterBrokerRecord registered:
                SetBroker(BrokerRegistration.From(registered, offset));
                return true;
            case UnregisterBrokerRecord unregistered:
                RemoveBroker(unregistered.BrokerId);
                return true;
            case FenceBrokerRecord fenced:
                return SetFenced(fenced.Id, true);
            case UnfenceBrokerRecord unfenced:
                return SetFenced(unfenced.Id, false);
            case BrokerRegistrationChangeRecord change:
                if (Cluster.Find(change.BrokerId) is not { } broker)
                {
                    return false;
                }

                SetBroker(broker.With(change));
                return true;
            case RegisterControllerRecord controller:
                Cluster.Set(controller);
                return true;
            default:
                return false;
        }
    }

    private void SetBroker(BrokerRegistration after)
    {
        var before = Cluster.Find(after.Id);
        Cluster.Set(after);
        foreach (var listener in _listeners)
        {
            listener.BrokerChanged(before, after);
        }
    }

    private void RemoveBroker(int id)
    {
        if (Cluster.Find(id) is not { } before)
        {
            return;
        }

        Cluster.Remove(id);
        foreach (var listener in _listeners)
        {
            listener.BrokerChanged(before, null);
        }
    }

    private bool SetFenced(int id, bool fenced)
    {
        if (Cluster.Find(id) is not { } broker)
        {
            return false;
        }

        SetBroker(broker.Fence(fenced));
        return true;
    }

    private bool ApplyPartition(PartitionRecord record)
    {
        if (Topics.Find(record.TopicId) is not { } topic)
        {
            return false;
        }

        var index = record.PartitionId;
        var before = (uint)index < (uint)topic.Partitions.Count ? topic.Partitions[index] : null;
        var after = PartitionRegistration.From(record);
        if (!topic.TrySet(index, after))
        {
            return false;
        }

        Topics.PartitionCount += before is null ? 1 : 0;
        Announce(topic, index, before, after);
        return true;
    }

    private bool ApplyPartitionChange(PartitionChangeRecord record)
    {
        var index = record.PartitionId;
        if (Topics.Find(record.TopicId) is not { } topic || (uint)index >= (uint)topic.Partitions.Count)
        {
            return false;
        }

        var before = topic.Partitions[index];
        var after = before.With(record);
        topic.TrySet(index, after);
        Announce(topic, index, before, after);
        return true;
    }

    private bool RemoveTopic(RemoveTopicRecord record)
    {
        if (Topics.Remove(record.TopicId) is not { } topic)
        {
            return false;
        }

        Configs.Remove(ConfigResourceType.Topic, topic.Name);
        foreach (var listener in _listeners)
        {
            listener.TopicDeleted(topic);
        }

        return true;
    }

    private void ApplyConfig(ConfigRecord record)
    {
        var type = (ConfigResourceType)record.ResourceType;
        Configs.Set(type, record.ResourceName, record.Name, record.Value);
        foreach (var listener in _listeners)
        {
            listener.ConfigChanged(type, record.ResourceName, record.Name);
        }
    }

    /// <summary>An empty name means every topic.</summary>
    private void ClearElr(string topicName)
    {
        foreach (var topic in Topics.All)
        {
            if (topicName.Length > 0 && topic.Name != topicName)
            {
                continue;
            }

            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                var before = topic.Partitions[index];
                var after = before.WithoutElr();
                if (!ReferenceEquals(before, after))
                {
                    topic.TrySet(index, after);
                    Announce(topic, index, before, after);
                }
            }
        }
    }

    private void Announce(TopicImage topic, int index, PartitionRegistration? before, PartitionRegistration after)
    {
        foreach (var listener in _listeners)
        {
            listener.PartitionChanged(topic, index, before, after);
        }
    }
}
