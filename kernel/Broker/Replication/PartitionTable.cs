using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>
/// The partitions this node holds, by name, by id, and in the order of their creation. Look-ups are by hash, walks
/// by the
/// list: the order of a walk can reach effects.
/// </summary>
public sealed class PartitionTable
{
    private readonly Dictionary<string, List<Partition?>> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Uuid, List<Partition?>> _byId = [];
    private readonly List<Partition> _all = [];

    /// <summary>Every partition, oldest first.</summary>
    public IReadOnlyList<Partition> All => _all;

    public Partition? Find(string topic, int index) =>
        _byName.TryGetValue(topic, out var partitions) ? At(partitions, index) : null;

    public Partition? Find(Uuid topicId, int index) =>
        _byId.TryGetValue(topicId, out var partitions) ? At(partitions, index) : null;

    /// <summary>True where some partition of a topic with this id is here.</summary>
    public bool Knows(Uuid topicId) => _byId.ContainsKey(topicId);

    public void Add(Partition partition)
    {
        if (!_byName.TryGetValue(partition.Topic, out var partitions))
        {
            partitions = [];
            _byName.Add(partition.Topic, partitions);
            _byId.Add(partition.TopicId, partitions);
        }

        while (partitions.Count <= partition.Index)
        {
            partitions.Add(null);
        }

        Invariant.Check(partitions[partition.Index] is null);
        partitions[partition.Index] = partition;
        _all.Add(partition);
    }

    /// <summary>Takes all partitions of a topic out and returns them, lowest index first.</summary>
    public List<Partition> Remove(Uuid topicId)
    {
        var removed = new List<Partition>();
        if (!_byId.Remove(topicId, out var partitions))
        {
            return removed;
        }

        foreach (var partition in partitions)
        {
            if (partition is not null)
            {
                removed.Add(partition);
                _byName.Remove(partition.Topic);
                _all.Remove(partition);
            }
        }

        return removed;
    }

    /// <summary>Takes one partition out; the topic's others stay.</summary>
    public void Remove(Partition partition)
    {
        _byId[partition.TopicId][partition.Index] = null;
        _all.Remove(partition);
    }

    private static Partition? At(List<Partition?> partitions, int index) =>
        (uint)index < (uint)partitions.Count ? partitions[index] : null;
}
