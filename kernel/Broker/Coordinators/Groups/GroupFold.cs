using System;
using System.Collections.Generic;
using System.Text;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// The fold of one partition of <c>__consumer_offsets</c>: for each group the last generation it wrote, and its
/// committed
/// offsets. Nothing else changes it but records. Everything is walked in ordinal order: it reaches answers and
/// records.
/// </summary>
public sealed class GroupFold
{
    private readonly SortedDictionary<string, GroupMetadataValue> _groups = new(StringComparer.Ordinal);

    private readonly SortedDictionary<string, SortedDictionary<string, SortedDictionary<int, CommittedOffset>>>
        _offsets = new(StringComparer.Ordinal);

    /// <summary>Groups that wrote a generation, and the last one.</summary>
    public SortedDictionary<string, GroupMetadataValue> Groups => _groups;

    /// <summary>Groups that have committed offsets, then topics, then partitions.</summary>
    public SortedDictionary<string, SortedDictionary<string, SortedDictionary<int, CommittedOffset>>> Offsets =>
        _offsets;

    /// <summary>A group's offsets by topic and partition.</summary>
    public SortedDictionary<string, SortedDictionary<int, CommittedOffset>> OffsetsOf(string groupId) =>
        _offsets.TryGetValue(groupId, out var topics) ? topics : new(StringComparer.Ordinal);

    public CommittedOffset? Find(string groupId, string topic, int partition) =>
        OffsetsOf(groupId).TryGetValue(topic, out var partitions) ? partitions.GetValueOrDefault(partition) : null;

    public void Replay(CoordinatorRecord record, Offset at)
    {
        switch (record.Key)
        {
            case GroupMetadataKey key:
                Replay(key, (GroupMetadataValue?)record.Value);
                break;
            case OffsetCommitKey key:
                Replay(key, (OffsetCommitValue?)record.Value, at);
                break;
            default:
                break;
        }
    }

    public void Clear()
    {
        _groups.Clear();
        _offsets.Clear();
    }

    /// <summary>The whole state as text: two folds are equal where their texts are.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (group, value) in _groups)
        {
            text.Append(group).Append(": ").Append(value).Append('\n');
        }

        foreach (var (group, topics) in _offsets)
        {
            foreach (var (topic, partitions) in topics)
            {
                foreach (var (partition, committed) in partitions)
                {
                    text.Append(group).Append(' ').Append(topic).Append('-').Append(partition)
                        .Append(": ").Append(committed).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    private void Replay(GroupMetadataKey key, GroupMetadataValue? value)
    {
        if (value is null)
        {
            _groups.Remove(key.Group);
        }
        else
        {
            _groups[key.Group] = value;
        }
    }

    private void Replay(OffsetCommitKey key, OffsetCommitValue? value, Offset at)
    {
        if (Find(key.Group, key.Topic, key.Partition) is { } known && known.RecordOffset > at)
        {
            return;
        }

        if (value is null)
        {
            Remove(key);
            return;
        }

        if (!_offsets.TryGetValue(key.Group, out var topics))
        {
            topics = new(StringComparer.Ordinal);
            _offsets.Add(key.Group, topics);
        }

        if (!topics.TryGetValue(key.Topic, out var partitions))
        {
            partitions = [];
            topics.Add(key.Topic, partitions);
        }

        partitions[key.Partition] = new CommittedOffset(value.Offset, value.LeaderEpoch, value.Metadata)
        {
            CommitTimestampMs = value.CommitTimestamp,
            ExpireTimestampMs = value.ExpireTimestamp == -1 ? null : value.ExpireTimestamp,
            TopicId = value.TopicId,
            RecordOffset = at,
        };
    }

    private void Remove(OffsetCommitKey key)
    {
        if (!_offsets.TryGetValue(key.Group, out var topics) || !topics.TryGetValue(key.Topic, out var partitions))
        {
            return;
        }

        partitions.Remove(key.Partition);
        if (partitions.Count == 0)
        {
            topics.Remove(key.Topic);
        }

        if (topics.Count == 0)
        {
            _offsets.Remove(key.Group);
        }
    }
}
