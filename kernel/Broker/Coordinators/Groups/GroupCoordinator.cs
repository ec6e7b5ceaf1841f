using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// Which shard serves a group: one for each partition of <c>__consumer_offsets</c> that this node leads.
/// </summary>
/// <remarks>
/// Inputs   PartitionLed, PartitionNotLed, TopicGone; requests find their shard here
/// Effects  those of the shards
/// </remarks>
public sealed class GroupCoordinator : IHostingListener
{
    private readonly GroupContext _context;
    private readonly Func<int> _partitionCount;
    private readonly List<Served?> _served = [];

    /// <param name="context">What all groups share.</param>
    /// <param name="partitionCount">
    /// Partitions of <c>__consumer_offsets</c> as the metadata say; 0 while there is no such topic.
    /// </param>
    public GroupCoordinator(GroupContext context, Func<int> partitionCount)
    {
        _context = context;
        _partitionCount = partitionCount;
        Builder = new RecordBatchBuilder(CoordinatorShard.MaxBatchBytes);
    }

    public GroupConfig Config => _context.Config;

    private RecordBatchBuilder Builder { get; }

    /// <summary>The partition that keeps a group.</summary>
    public int PartitionFor(string groupId)
    {
        var count = _partitionCount();
        return JavaHash.PartitionFor(groupId, count > 0 ? count : Config.OffsetsTopicPartitions);
    }

    /// <summary>The machine that serves a group, or why none does.</summary>
    public ErrorCode Find(string groupId, out GroupMachine machine)
    {
        machine = null!;
        if (At(PartitionFor(groupId)) is not { } served)
        {
            return ErrorCode.NotCoordinator;
        }

        machine = served.Machine;
        return served.Shard.Availability;
    }

    /// <summary>
    /// All machines, lowest partition first; <paramref name="isLoading"/> where some cannot be read yet.
    /// </summary>
    public List<GroupMachine> Active(out bool isLoading)
    {
        isLoading = false;
        var machines = new List<GroupMachine>();
        foreach (var served in _served)
        {
            if (served is null)
            {
                continue;
            }

            isLoading |= served.Shard.State == CoordinatorShardState.Loading;
            if (served.Shard.State == CoordinatorShardState.Active)
            {
                machines.Add(served.Machine);
            }
        }

        return machines;
    }

    /// <summary>
    /// This node leads a partition of <c>__consumer_offsets</c>: its groups are loaded and then served here.
    /// </summary>
    public void PartitionBecameLeader(Partition partition)
    {
        PartitionRemoved(partition.Index);
        var log = new PartitionCoordinatorLog(partition, _context.Clock, _context.Effects);
        log.Follow(Begin(log), HighWatermarkMoved);
    }

    /// <summary>The same for any log.</summary>
    public CoordinatorShard Begin(ICoordinatorLog log)
    {
        while (_served.Count <= log.Index)
        {
            _served.Add(null);
        }

        Invariant.Check(_served[log.Index] is null);
        var machine = new GroupMachine(_context);
        var shard = new CoordinatorShard(log, machine, Builder, _context.Clock);
        machine.Attach(shard);
        _served[log.Index] = new Served(shard, machine);
        shard.Load(() => { });
        return shard;
    }

    /// <summary>Answers what the high watermark has reached.</summary>
    public void HighWatermarkMoved(CoordinatorShard shard)
    {
        shard.HighWatermarkMoved();
        _context.Answers.Send();
    }

    /// <summary>The partition is led elsewhere now, or deleted.</summary>
    public void PartitionRemoved(int index)
    {
        if (At(index) is { } served)
        {
            _served[index] = null;
            served.Shard.Unload();
        }
    }

    public void PartitionLed(Partition partition)
    {
        if (partition.Topic == InternalTopics.ConsumerOffsets)
        {
            PartitionBecameLeader(partition);
        }
    }

    public void PartitionNotLed(Partition partition)
    {
        if (partition.Topic == InternalTopics.ConsumerOffsets)
        {
            PartitionRemoved(partition.Index);
        }
    }

    /// <summary>A topic was deleted: what groups committed for it goes too; where it is our own, everything.</summary>
    public void TopicGone(TopicImage topic)
    {
        if (topic.Name == InternalTopics.ConsumerOffsets)
        {
            for (var index = 0; index < _served.Count; index++)
            {
                PartitionRemoved(index);
            }
        }
        else
        {
            TopicDeleted(topic.Name);
        }
    }

    /// <summary>What groups committed for a topic that is no more is deleted.</summary>
    public void TopicDeleted(string topic)
    {
        foreach (var machine in Active(out _))
        {
            machine.Offsets.TopicDeleted(topic);
        }
    }

    private Served? At(int index) => index < _served.Count ? _served[index] : null;

    private sealed record Served(CoordinatorShard Shard, GroupMachine Machine);
}
