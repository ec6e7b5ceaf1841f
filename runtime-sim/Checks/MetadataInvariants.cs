using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using Deterministic.Broker;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Protocol;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>What every node's picture of the cluster must be, looked at whenever more of the metadata log is applied.</summary>
/// <remarks>
/// Inputs   Look, after each event of a node
/// Effects  a sentence where something is broken
///
/// C-REPLAY      two nodes that have applied the log up to the same record have the same picture, snapshot or not
/// C-META        a partition's leader is in its ISR, nobody in it is fenced, and ISR and eligible replicas are replicas and apart
/// C-REDUNDANCY  a reassignment ends with every replica that it adds in the ISR
///
/// The rule a reader would get wrong: the pictures are held against each other by content, made into records as a snapshot
/// would be, since a picture that was fetched and one that was lived through have nothing else in common.
/// </remarks>
public sealed class MetadataInvariants
{
    private readonly SortedDictionary<int, Seen> _seen = [];
    private readonly Dictionary<long, string> _pictures = [];

    /// <summary>Pictures that two nodes, or one in two lives, were seen to agree about.</summary>
    public long Compared { get; private set; }

    /// <summary>Null, or what this node's last step broke.</summary>
    public string? Look(NodeProcess node, MetadataImage image)
    {
        if (!_seen.TryGetValue(node.Host, out var seen) || !ReferenceEquals(seen.Image, image))
        {
            seen = new Seen(image);
            image.AddListener(seen);
            _seen[node.Host] = seen;
        }

        if (image.LastOffset == seen.LastOffset)
        {
            return null;
        }

        seen.LastOffset = image.LastOffset;
        return image.IsInTransaction ? null : seen.Judge() ?? JudgePicture(image);
    }

    private string? JudgePicture(MetadataImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var records = image.Freeze();
        while (records.MoveNext())
        {
            hash.AppendData(MetadataRecords.ToArray(records.Current.Message, records.Current.Version));
        }

        var picture = Convert.ToHexString(hash.GetCurrentHash());
        if (_pictures.TryAdd(image.LastOffset, picture))
        {
            return null;
        }

        Compared++;
        return _pictures[image.LastOffset] == picture
            ? null
            : FormattableString.Invariant($"C-REPLAY: applied up to {image.LastOffset}, it sees another cluster than others did");
    }

    /// <summary>One node's picture in one life, and what of it changed since it was last judged.</summary>
    private sealed class Seen(MetadataImage image) : IMetadataListener
    {
        private readonly List<(TopicImage Topic, int Index)> _changed = [];
        private bool _isAnyBrokerChanged;
        private string? _broken;

        public MetadataImage Image => image;

        public long LastOffset { get; set; } = -1;

        public void PartitionChanged(
            TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after)
        {
            _changed.Add((topic, partition));
            if (before is not { AddingReplicas.Length: > 0 } || after.AddingReplicas.Length > 0)
            {
                return;
            }

            foreach (var added in before.AddingReplicas)
            {
                if (Array.IndexOf(after.Replicas, added) >= 0 && Array.IndexOf(after.Isr, added) < 0)
                {
                    _broken ??= FormattableString.Invariant(
                        $"C-REDUNDANCY: {topic.Name}-{partition} has moved, and {added}, new to it, is not in the ISR");
                }
            }
        }

        public void TopicDeleted(TopicImage topic) => _changed.RemoveAll(changed => ReferenceEquals(changed.Topic, topic));

        public void ConfigChanged(ConfigResourceType type, string name, string key)
        {
            // Says nothing of leaders.
        }

        public void BrokerChanged(BrokerRegistration? before, BrokerRegistration? after) => _isAnyBrokerChanged = true;

        public string? Judge()
        {
            foreach (var (topic, index) in _changed)
            {
                if (index < topic.Partitions.Count)
                {
                    _broken ??= Judge(topic, index);
                }
            }

            _changed.Clear();
            if (_isAnyBrokerChanged)
            {
                _isAnyBrokerChanged = false;
                foreach (var topic in image.Topics.All)
                {
                    for (var index = 0; index < topic.Partitions.Count; index++)
                    {
                        _broken ??= Judge(topic, index);
                    }
                }
            }

            return _broken;
        }

        private string? Judge(TopicImage topic, int index)
        {
            var partition = topic.Partitions[index];
            var isLed = partition.Leader != PartitionRegistration.NoLeader;
            var wrong = isLed && Array.IndexOf(partition.Isr, partition.Leader) < 0 ? "is not in its ISR"
                : isLed && image.Cluster.Find(partition.Leader) is not { IsFenced: false } ? "is fenced or gone"
                : !Array.TrueForAll(partition.Isr, member => image.Cluster.Find(member) is { IsFenced: false })
                    ? FormattableString.Invariant($"has somebody fenced in its ISR [{string.Join(',', partition.Isr)}]")
                : !Array.TrueForAll(partition.Isr, member => Array.IndexOf(partition.Replicas, member) >= 0)
                    ? "has an ISR of others than replicas"
                : !Array.TrueForAll(partition.Elr, member => Array.IndexOf(partition.Replicas, member) >= 0
                    && Array.IndexOf(partition.Isr, member) < 0) ? "has eligible replicas that are none, or in its ISR"
                : null;
            return wrong is null
                ? null
                : FormattableString.Invariant($"C-META: {topic.Name}-{index}, whose leader is {partition.Leader}, {wrong}");
        }
    }
}
