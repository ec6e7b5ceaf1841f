using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Models.Metadata;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Raft;

/// <summary>An image as records, and an image that becomes what another is: neither may lose or invent anything.</summary>
public sealed class ImageRecordsTests
{
    [Property(MaxTest = 200)]
    public void Records_of_an_image_replayed_give_the_image(ulong seed, byte length)
    {
        var image = Random(new Prng(seed), length, new MetadataImage(Uuid.Zero));

        var again = Replay(image.Freeze());

        Assert.Equal(ImageText.Whole(image), ImageText.Whole(again));
    }

    /// <summary>The image goes on while its snapshot is written, and the snapshot says what was.</summary>
    [Property(MaxTest = 100)]
    public void Frozen_records_say_what_was(ulong seed, byte length)
    {
        var prng = new Prng(seed);
        var image = Random(prng, length, new MetadataImage(Uuid.Zero));
        var then = ImageText.Whole(image);
        var frozen = image.Freeze();
        Random(prng, 60, image);

        Assert.Equal(then, ImageText.Whole(Replay(frozen)));
    }

    /// <summary>Whoever followed every change knows the same as who looks at the result.</summary>
    [Property(MaxTest = 200)]
    public void An_image_becomes_another_and_its_listeners_hear_everything(ulong seed, byte first, byte second)
    {
        var prng = new Prng(seed);
        var behind = Random(prng, first, new MetadataImage(Uuid.Zero));
        var ahead = Replay(behind.Freeze(), behind.LastOffset);
        Random(prng, second, ahead);
        var listener = new Follower(behind);

        behind.BecomeLike(Replay(ahead.Freeze(), ahead.LastOffset));

        Assert.Equal(ImageText.Whole(ahead), ImageText.Whole(behind));
        Assert.Equal(ahead.Topics.PartitionCount, behind.Topics.PartitionCount);
        Assert.Equal(listener.Seen(behind), listener.Heard);
    }

    private static MetadataImage Replay(IEnumerator<MetadataRecord> records, long offset = 0)
    {
        var image = new MetadataImage(Uuid.Zero);
        while (records.MoveNext())
        {
            // Through bytes, as a snapshot would.
            var bytes = MetadataRecords.ToArray(records.Current.Message, records.Current.Version);
            var message = MetadataRecords.Read(bytes, out var version);
            Assert.NotNull(message);
            Assert.True(image.Replay(new MetadataRecord(message, version), offset));
        }

        return image;
    }

    /// <summary>Plays random records of every kind that an image holds.</summary>
    private static MetadataImage Random(Prng prng, int count, MetadataImage image)
    {
        for (var i = 0; i < count; i++)
        {
            if (RandomRecord(prng, image) is { } message)
            {
                Assert.True(image.Replay(MetadataRecord.Of(message), image.LastOffset + 1), message.ToString());
            }
        }

        return image;
    }

    private static IMetadataRecord? RandomRecord(Prng prng, MetadataImage image) => prng.Next(14) switch
    {
        0 => TopicOf(prng, image),
        1 or 2 or 3 => PartitionOf(prng, image),
        4 => ChangeOf(prng, image),
        5 => image.Topics.Count > 3 ? new RemoveTopicRecord { TopicId = Pick(prng, image).Id } : null,
        6 => new ConfigRecord
        {
            ResourceType = (sbyte)new[] { 2, 4, 16, 32 }[prng.Next(4)],
            ResourceName = prng.OneIn(4) ? "" : "t" + prng.Next(4),
            Name = "k" + prng.Next(3),
            Value = prng.OneIn(3) ? null : "v" + prng.Next(9),
        },
        7 => new FeatureLevelRecord
        {
            Name = prng.OneIn(2) ? "metadata.version" : "f" + prng.Next(3),
            FeatureLevel = (short)prng.Next(9),
        },
        8 => BrokerOf(prng, image.LastOffset + 1),
        9 => image.Cluster.Find(prng.Next(4)) is { } broker
            ? new BrokerRegistrationChangeRecord { BrokerId = broker.Id, Fenced = (sbyte)prng.Between(-1, 1) }
            : null,
        10 => new UnregisterBrokerRecord { BrokerId = prng.Next(4) },
        11 => new ProducerIdsRecord { NextProducerId = image.NextProducerId + prng.Next(1000) },
        12 => KeptOf(prng),
        _ => new RegisterControllerRecord
        {
            ControllerId = prng.Next(3),
            IncarnationId = Uuid.Random(prng),
            EndPoints = [new() { Name = "CONTROLLER", Host = "h", Port = 9093 }],
        },
    };

    private static TopicRecord? TopicOf(Prng prng, MetadataImage image)
    {
        var name = "t" + prng.Next(8);
        return image.Topics.Find(name) is null ? new TopicRecord { Name = name, TopicId = Uuid.Random(prng) } : null;
    }

    private static TopicImage Pick(Prng prng, MetadataImage image)
    {
        var topics = new List<TopicImage>(image.Topics.All);
        return topics[prng.Next(topics.Count)];
    }

    private static PartitionRecord? PartitionOf(Prng prng, MetadataImage image)
    {
        if (image.Topics.Count == 0)
        {
            return null;
        }

        var topic = Pick(prng, image);
        return new PartitionRecord
        {
            PartitionId = topic.Partitions.Count,
            TopicId = topic.Id,
            Replicas = [1, 2, 3],
            Directories = [Uuid.Random(prng), Uuid.Random(prng), Uuid.Zero],
            Isr = prng.OneIn(2) ? [1, 2] : [],
            AddingReplicas = prng.OneIn(4) ? [3] : [],
            RemovingReplicas = prng.OneIn(4) ? [1] : [],
            EligibleLeaderReplicas = prng.OneIn(3) ? [3] : null,
            LastKnownElr = prng.OneIn(3) ? [2] : null,
            Leader = prng.Next(4) - 1,
            LeaderRecoveryState = (sbyte)prng.Next(2),
            LeaderEpoch = prng.Next(9),
            PartitionEpoch = prng.Next(9),
        };
    }

    private static PartitionChangeRecord? ChangeOf(Prng prng, MetadataImage image)
    {
        if (image.Topics.Count == 0 || Pick(prng, image) is not { Partitions.Count: > 0 } topic)
        {
            return null;
        }

        return new PartitionChangeRecord
        {
            PartitionId = prng.Next(topic.Partitions.Count),
            TopicId = topic.Id,
            Isr = prng.OneIn(2) ? [prng.Next(3)] : null,
            Leader = prng.OneIn(2) ? -2 : prng.Next(3),
        };
    }

    private static RegisterBrokerRecord BrokerOf(Prng prng, long epoch) => new()
    {
        BrokerId = prng.Next(4),
        BrokerEpoch = epoch,
        IncarnationId = Uuid.Random(prng),
        Rack = prng.OneIn(2) ? null : "r" + prng.Next(3),
        Fenced = prng.OneIn(2),
        InControlledShutdown = prng.OneIn(3),
        LogDirs = [Uuid.Random(prng)],
        EndPoints = [new() { Name = "PLAINTEXT", Host = "h" + prng.Next(3), Port = 9092 }],
        Features = [new() { Name = "metadata.version", MinSupportedVersion = 7, MaxSupportedVersion = 30 }],
    };

    private static IMetadataRecord KeptOf(Prng prng) => prng.Next(4) switch
    {
        0 => new AccessControlEntryRecord
        {
            Id = new Uuid(1, (ulong)prng.Next(5)),
            ResourceName = "r" + prng.Next(9),
            Principal = "User:a",
            Host = "*",
        },
        1 => new UserScramCredentialRecord { Name = "u" + prng.Next(3), Mechanism = 1, Iterations = 4096 + prng.Next(9) },
        2 => new ClientQuotaRecord
        {
            Entity = [new() { EntityType = "user", EntityName = prng.OneIn(2) ? null : "u" }],
            Key = "producer_byte_rate",
            Value = prng.Next(99),
            Remove = prng.OneIn(3),
        },
        _ => new DelegationTokenRecord { Owner = "User:a", Requester = "User:a", TokenId = "t" + prng.Next(3) },
    };

    /// <summary>Builds its own idea of partitions, configurations and brokers from nothing but what it is told.</summary>
    private sealed class Follower : IMetadataListener
    {
        private readonly SortedDictionary<string, string> _heard = new(StringComparer.Ordinal);
        private readonly MetadataImage _image;

        public Follower(MetadataImage image)
        {
            _image = image;
            foreach (var line in Seen(image).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var parts = line.Split('=');
                _heard[parts[0]] = parts[1];
            }

            image.AddListener(this);
        }

        public string Heard => Text(_heard);

        public string Seen(MetadataImage image)
        {
            var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var topic in image.Topics.All)
            {
                for (var i = 0; i < topic.Partitions.Count; i++)
                {
                    all[PartitionKey(topic, i)] = PartitionText(topic.Partitions[i]);
                }
            }

            foreach (var type in image.Configs.Types)
            {
                foreach (var name in image.Configs.NamesOf((ConfigResourceType)type))
                {
                    foreach (var (key, value) in image.Configs.Of((ConfigResourceType)type, name))
                    {
                        // A topic's configurations go with the topic, and nobody is told of each.
                        if (type != 2)
                        {
                            all[$"config {type} {name} {key}"] = value;
                        }
                    }
                }
            }

            foreach (var broker in image.Cluster.Brokers)
            {
                all["broker " + broker.Id] = broker.Epoch + " " + broker.IsFenced;
            }

            return Text(all);
        }

        public void PartitionChanged(TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after)
        {
            Assert.Equal(before is not null, _heard.ContainsKey(PartitionKey(topic, partition)));
            _heard[PartitionKey(topic, partition)] = PartitionText(after);
        }

        public void TopicDeleted(TopicImage topic)
        {
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                Assert.True(_heard.Remove(PartitionKey(topic, i)));
            }
        }

        public void ConfigChanged(ConfigResourceType type, string name, string key)
        {
            if (type == ConfigResourceType.Topic)
            {
                return;
            }

            if (_image.Configs.Find(type, name, key) is { } value)
            {
                _heard[$"config {(int)type} {name} {key}"] = value;
            }
            else
            {
                _heard.Remove($"config {(int)type} {name} {key}");
            }
        }

        public void BrokerChanged(BrokerRegistration? before, BrokerRegistration? after)
        {
            if (after is null)
            {
                _heard.Remove("broker " + before!.Id);
            }
            else
            {
                _heard["broker " + after.Id] = after.Epoch + " " + after.IsFenced;
            }
        }

        private static string PartitionKey(TopicImage topic, int index) => $"partition {topic.Id} {index:D4}";

        private static string PartitionText(PartitionRegistration partition) =>
            $"{partition.Leader} {partition.LeaderEpoch} {partition.PartitionEpoch} {string.Join(',', partition.Isr)}";

        private static string Text(SortedDictionary<string, string> all)
        {
            var lines = new List<string>();
            foreach (var (key, value) in all)
            {
                lines.Add(key + "=" + value);
            }

            return string.Join('\n', lines);
        }
    }
}
