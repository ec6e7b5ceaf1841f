using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Metadata;

/// <summary>One topic: its name, its id, and its partitions by their index, which has no gaps.</summary>
public sealed class TopicImage
{
    private readonly List<PartitionRegistration> _partitions = [];

    internal TopicImage(string name, Uuid id)
    {
        Name = name;
        Id = id;
    }

    public string Name { get; }

    public Uuid Id { get; }

    public IReadOnlyList<PartitionRegistration> Partitions => _partitions;

    /// <summary>False where the record names a partition that is neither there nor the next one.</summary>
    internal bool TrySet(int index, PartitionRegistration registration)
    {
        if ((uint)index > (uint)_partitions.Count)
        {
            return false;
        }

        if (index == _partitions.Count)
        {
            _partitions.Add(registration);
        }
        else
        {
            _partitions[index] = registration;
        }

        return true;
    }
}

/// <summary>
/// All topics, by name, by id, and in ordinal order of their names; and the names that would share a metric name,
/// since
/// Kafka treats a dot and an underscore alike there and refuses a second one.
/// </summary>
public sealed class TopicsImage
{
    private readonly Dictionary<Uuid, TopicImage> _byId = [];
    private readonly SortedDictionary<string, TopicImage> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _byCollidingName = new(StringComparer.Ordinal);

    /// <summary>Every topic, sorted by name.</summary>
    public IReadOnlyCollection<TopicImage> All => _byName.Values;

    public int Count => _byId.Count;

    /// <summary>Partitions of all topics together.</summary>
    public int PartitionCount { get; internal set; }

    public TopicImage? Find(string name) => _byName.TryGetValue(name, out var topic) ? topic : null;

    public TopicImage? Find(Uuid id) => _byId.TryGetValue(id, out var topic) ? topic : null;

    public PartitionRegistration? Find(string name, int partition) =>
        Find(name) is { } topic && (uint)partition < (uint)topic.Partitions.Count ? topic.Partitions[partition] : null;

    /// <summary>A topic whose name differs only in dots and underscores, or null.</summary>
    public string? CollidingWith(string name) =>
        _byCollidingName.TryGetValue(CollidingName(name), out var names) && names.Count > 0 ? names.Min : null;

    internal static string CollidingName(string name) => name.Replace('.', '_');

    internal TopicImage? Add(string name, Uuid id)
    {
        if (_byId.ContainsKey(id) || _byName.ContainsKey(name))
        {
            return null;
        }

        var topic = new TopicImage(name, id);
        _byId.Add(id, topic);
        _byName.Add(name, topic);
        var key = CollidingName(name);
        if (!_byCollidingName.TryGetValue(key, out var names))
        {
            names = new SortedSet<string>(StringComparer.Ordinal);
            _byCollidingName.Add(key, names);
        }

        names.Add(name);
        return topic;
    }

    internal TopicImage? Remove(Uuid id)
    {
        if (!_byId.Remove(id, out var topic))
        {
            return null;
        }

        _byName.Remove(topic.Name);
        var key = CollidingName(topic.Name);
        var names = _byCollidingName[key];
        names.Remove(topic.Name);
        if (names.Count == 0)
        {
            _byCollidingName.Remove(key);
        }

        PartitionCount -= topic.Partitions.Count;
        return topic;
    }
}
