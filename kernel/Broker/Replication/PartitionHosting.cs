using System;
using System.Collections.Generic;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>Who acts when this node begins or ceases to hold a partition.</summary>
public interface IHostingListener
{
    void PartitionHosted(Partition partition);

    void TopicGone(TopicImage topic);
}

/// <summary>Makes the partitions of this node what the metadata say they are.</summary>
/// <remarks>
/// Inputs   PartitionChanged, TopicDeleted, ConfigChanged
/// Effects  those of <see cref="LogDirectory"/>
///
/// While the node loads, the image changes without anything being made of it: what is hosted is read off the image
/// once,
/// when it is whole, and only from then on are changes followed one by one.
/// </remarks>
public sealed class PartitionHosting : IMetadataListener
{
    private readonly ClusterMetadata _cluster;
    private readonly LogDirectory _directory;
    private readonly PartitionTable _partitions;
    private readonly BrokerId _self;
    private bool _follows;

    public PartitionHosting(ClusterMetadata cluster, LogDirectory directory, PartitionTable partitions, BrokerId self)
    {
        _cluster = cluster;
        _directory = directory;
        _partitions = partitions;
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

    /// <summary>The logs are loaded: from now on changes are followed.</summary>
    public void Begin() => _follows = true;

    public void PartitionChanged(
        TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after)
    {
        if (!_follows || !after.HasReplica(_self) || _partitions.Find(topic.Id, partition) is not null)
        {
            return;
        }

        var created = _directory.Create(Describe(topic, partition));
        Listener?.PartitionHosted(created);
    }

    public void TopicDeleted(TopicImage topic)
    {
        if (_follows)
        {
            _directory.Remove(topic.Id);
            Listener?.TopicGone(topic);
        }
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
            }
        }
    }

    private HostedPartition Describe(TopicImage topic, int index) =>
        new(
            topic.Name,
            topic.Id,
            index,
            topic.Partitions[index].LeaderEpoch,
            _cluster.LogConfigOf(topic.Name));
}
