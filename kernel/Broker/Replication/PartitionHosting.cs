using System;
using System.Collections.Generic;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>Who acts when this node begins or ceases to lead a partition.</summary>
public interface IHostingListener
{
    /// <summary>This node leads it, in an epoch that is new.</summary>
    void PartitionLed(Partition partition);

    /// <summary>Another node leads it, nobody does, or it is gone from here.</summary>
    void PartitionNotLed(Partition partition);

    void TopicGone(TopicImage topic);
}

/// <summary>Makes the partitions of this node what the metadata say they are.</summary>
/// <remarks>
/// Inputs   PartitionChanged, TopicDeleted, ConfigChanged, BrokerChanged
/// Effects  those of <see cref="LogDirectory"/>, of partitions and of fetchers
///
/// While the node loads its logs, the image changes without anything being made of it. What it has come to is made up for when
/// they are loaded, and only from then on are changes followed one by one.
/// </remarks>
public sealed class PartitionHosting : IMetadataListener
{
    private readonly ClusterMetadata _cluster;
    private readonly LogDirectory _directory;
    private readonly PartitionTable _partitions;
    private readonly ReplicaFetchers _fetchers;
    private readonly BrokerId _self;
    private bool _follows;

    internal PartitionHosting(
        ClusterMetadata cluster, LogDirectory directory, PartitionTable partitions, ReplicaFetchers fetchers, BrokerId self)
    {
        _cluster = cluster;
        _directory = directory;
        _partitions = partitions;
        _fetchers = fetchers;
        _self = self;
        cluster.Image.AddListener(this);
    }

    public IHostingListener? Listener { get; set; }

    /// <summary>Every partition that the image places on this node.</summary>
    public List<HostedPartition> Hosted()
    {
        var hosted = new List<HostedPartition>();
        foreach (var topic in _cluster.Image.Topics.All)
        {
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                if (topic.Partitions[index].HasReplica(_self))
                {
                    hosted.Add(Describe(topic, index));
                }
            }
        }

        return hosted;
    }

    /// <summary>
    /// The logs are loaded: what the metadata say of them by now is done, and from now on changes are followed.
    /// </summary>
    public void Begin()
    {
        _follows = true;
        foreach (var partition in new List<Partition>(_partitions.All))
        {
            if (_cluster.Image.Topics.Find(partition.TopicId) is not { } topic)
            {
                _fetchers.Unfollow(partition);
                _directory.Remove(partition.TopicId);
            }
            else if (!topic.Partitions[partition.Index].HasReplica(_self))
            {
                _directory.Remove(partition);
            }
        }

        foreach (var topic in _cluster.Image.Topics.All)
        {
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                PartitionChanged(topic, index, null, topic.Partitions[index]);
            }
        }
    }

    public void PartitionChanged(
        TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after)
    {
        if (!_follows)
        {
            return;
        }

        var replica = _partitions.Find(topic.Id, partition);
        if (after.HasReplica(_self))
        {
            Follow(replica ?? _directory.Create(Describe(topic, partition)), after);
        }
        else if (replica is not null)
        {
            _fetchers.Unfollow(replica);
            _directory.Remove(replica);
            Listener?.PartitionNotLed(replica);
        }
    }

    public void TopicDeleted(TopicImage topic)
    {
        if (!_follows)
        {
            return;
        }

        for (var index = 0; index < topic.Partitions.Count; index++)
        {
            if (_partitions.Find(topic.Id, index) is { } partition)
            {
                _fetchers.Unfollow(partition);
            }
        }

        _directory.Remove(topic.Id);
        Listener?.TopicGone(topic);
    }

    public void ConfigChanged(ConfigResourceType type, string name, string key)
    {
        if (!_follows || (type != ConfigResourceType.Topic && type != ConfigResourceType.Broker))
        {
            return;
        }

        // A broker's configuration is the default of every topic that does not say otherwise.
        foreach (var partition in _partitions.All)
        {
            var isMeant = type == ConfigResourceType.Broker || string.Equals(partition.Topic, name, StringComparison.Ordinal);
            if (isMeant && partition.Log is { } log)
            {
                log.Config = _cluster.LogConfigOf(partition.Topic);
                partition.MinInsyncReplicas = MinInsyncReplicasOf(partition.Topic, partition.ReplicaCount);
                partition.Throttling = _cluster.ThrottlingOf(partition.Topic, partition.Index, _self);
            }
        }
    }

    public void BrokerChanged(BrokerRegistration? before, BrokerRegistration? after)
    {
        if (_follows && after is not null)
        {
            _fetchers.BrokerChanged(after.Id);
        }
    }

    /// <summary>Told again where a partition could not act on the metadata at once.</summary>
    internal void RoleChanged(Partition partition)
    {
        _fetchers.Follow(partition);
        if (partition.IsLeader)
        {
            Listener?.PartitionLed(partition);
        }
        else
        {
            Listener?.PartitionNotLed(partition);
        }
    }

    private void Follow(Partition partition, PartitionRegistration said)
    {
        var before = partition.LeaderEpoch;
        partition.Follow(said);
        partition.MinInsyncReplicas = MinInsyncReplicasOf(partition.Topic, said.Replicas.Length);
        partition.Throttling = _cluster.ThrottlingOf(partition.Topic, partition.Index, _self);
        if (partition.LeaderEpoch != before)
        {
            RoleChanged(partition);
        }
    }

    private HostedPartition Describe(TopicImage topic, int index) =>
        new(
            topic.Name,
            topic.Id,
            index,
            _cluster.LogConfigOf(topic.Name),
            MinInsyncReplicasOf(topic.Name, topic.Partitions[index].Replicas.Length));

    private int MinInsyncReplicasOf(string topic, int replicas) => Math.Min(_cluster.MinInsyncReplicasOf(topic), replicas);
}
