using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Compression;
using Deterministic.Protocol.Messages;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// Sequences written by hand: each once showed a difference that is now mended, in the fewest requests.
/// </summary>
/// <remarks>A generated run finds such a thing only with luck; these are sent at the start of every run.</remarks>
public static class LearnedSequences
{
    private const sbyte TopicResource = 2;
    private const sbyte BrokerResource = 4;
    private const sbyte GroupResource = 32;
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    public static IReadOnlyList<Sequence> All { get; } =
    [
        // A topic id of zero has no name, and Kafka's answer no room for another partition behind it.
        Of(Fetch(13, 0, Part("", 0)), Fetch(17, -1, Part("", 0), Part("t0", 0)), Fetch(13, 0, Part("", 0), Part("", 1)),
            Fetch(17, -1, Part("", 0), Part("", 1)), Fetch(17, -1, Part("", 0), Part("t0", 7)),
            Fetch(17, 0, Part("t0", 7), Part("", 0)), Fetch(17, -1, Part("t3", 0), Part("", 0)),
            Fetch(17, -1, Part("", 0), Part("t0", 0), Part("t3", 0)), Fetch(17, -1, Part("t3", 0), Part("t0", 7))),
        Of(Fetch(17, 0, Part("t0", 0)), Fetch(17, 1, Part("t1", 0), Part("", 0)), Fetch(17, 1, Part("t1", 0)),
            Fetch(17, 2, Part("t0", 1))),

        // A session remembers the name of a topic that is gone: it misses a partition, where a new session knows of no such id.
        Of(Fetch(13, 0, Part("t0", 0), Part("t1", 0)), DeleteTopic("t1"), Fetch(16, 1, Part("t0", 0)),
            Fetch(16, 2, Part("t1", 0)), Fetch(16, 0, Part("t1", 0)), Fetch(16, 1, Part("t1", 0))),

        // A partition named twice in one request is one partition: what is said last counts.
        Of(Produce(13, 1, "t0", Plain(1), Plain(2)), Fetch(17, -1, Part("t0", 0)), Produce(3, 1, "t0", Plain(2), Plain(1)),
            Produce(9, -1, "t0", Plain(1) with { Flaw = Flaw.WrongCrc }, Plain(1)),
            Produce(9, -1, "t0", Plain(1), Plain(1) with { Flaw = Flaw.WrongCrc }),
            Produce(9, -1, "missing", Plain(1), Plain(1)), Fetch(12, -1, Part("t0", 0))),
        Of(Produce(13, 1, "t0", Plain(1)), Produce(13, 1, "t0", Plain(1)),
            Fetch(17, -1, Part("t0", 0), Part("t0", 1), Part("t0", 0, 1)), Fetch(12, -1, Part("t0", 0, 1), Part("t0", 0)),
            Fetch(17, 0, Part("t0", 0), Part("t0", 0, 1)), Fetch(12, -1, Part("missing", 0), Part("missing", 0))),

        // Who cannot read zstd gets it all the same.
        Of(Alter(TopicResource, "t0", ("compression.type", Set, "zstd")), Fetch(9, -1, Part("t0", 0)),
            Fetch(9, -1, Part("t0", 0, 6)), Produce(9, 1, "t0", Plain(1)), Fetch(9, -1, Part("t0", 0)),
            Fetch(9, -1, Part("t0", 0, 1)), Fetch(9, -1, Part("t0", 0, 6)), Fetch(9, -1, Part("t0", 0, 6), Part("t1", 0))),

        // A repetition is answered with the time of the batch that it repeats, also where that is the producer's own.
        Of(NewProducer, Produce(6, -1, "t0", Sequenced(0)), Produce(6, -1, "t0", Sequenced(0)),
            Produce(13, 1, "t0", Sequenced(0)), Produce(6, -1, "t0", Sequenced(2)), Produce(6, -1, "t0", Sequenced(0)),
            Produce(6, -1, "t0", Sequenced(2))),
        new(("message.timestamp.type", "LogAppendTime"),
            [NewProducer, Produce(6, -1, "t1", Sequenced(0)), Produce(6, -1, "t1", Sequenced(0))]),

        // A codec that does not exist is met before acks that do not exist.
        .. OfCodecs(),

        // What nobody knows is described from every level that sets it.
        Of(Alter(BrokerResource, "", ("no.such.config", Set, "1")), Alter(BrokerResource, "1", ("no.such.config", Set, "2")),
            Describe(BrokerResource, "1", "no.such.config"), Describe(BrokerResource, "", "no.such.config"),
            Alter(BrokerResource, "1", ("no.such.config", Delete, null)),
            Describe(BrokerResource, "1", "no.such.config"),
            Alter(BrokerResource, "", ("no.such.config", Delete, null)),
            Describe(BrokerResource, "1", "no.such.config")),

        // A list from which the last element is taken.
        Of(Alter(TopicResource, "t0", ("cleanup.policy", Subtract, "delete")), Describe(TopicResource, "t0", "cleanup.policy")),
        Of(Alter(TopicResource, "t0", ("cleanup.policy", Set, "compact")),
            Alter(TopicResource, "t0", ("cleanup.policy", Subtract, "compact")),
            Describe(TopicResource, "t0", "cleanup.policy")),
        Of(Alter(TopicResource, "t0", ("leader.replication.throttled.replicas", Append, "0:1")),
            Describe(TopicResource, "t0", "leader.replication.throttled.replicas"),
            Alter(TopicResource, "t0", ("leader.replication.throttled.replicas", Subtract, "0:1")),
            Describe(TopicResource, "t0", "leader.replication.throttled.replicas"),
            Alter(TopicResource, "t0", ("leader.replication.throttled.replicas", Set, "")),
            Describe(TopicResource, "t0", "leader.replication.throttled.replicas")),

        Of(Alter(TopicResource, "t0", ("cleanup.policy", Append, "")),
            Alter(TopicResource, "t0", ("cleanup.policy", Subtract, "")),
            Alter(TopicResource, "t0", ("cleanup.policy", Append, "compact,")),
            Alter(TopicResource, "t0", ("leader.replication.throttled.replicas", Append, "")),
            Describe(TopicResource, "t0", "leader.replication.throttled.replicas"),
            Describe(TopicResource, "t0", "cleanup.policy")),

        // Where an id is asked for, zero ids count for nothing.
        Of(Metadata("", "t0"), Metadata("", "t3"), Metadata("", "")),

        // The operation is judged before the name of the group.
        Of(Alter(GroupResource, "", ("no.such.config", Append, "1")), Alter(GroupResource, "", ("no.such.config", Set, "1")),
            Alter(GroupResource, "", ("consumer.session.timeout.ms", Subtract, "1")),
            Alter(GroupResource, "", ("no.such.config", 4, "1"))),

        // A cursor so high that the sum with the page's size is below zero; only the first page trips over an empty name.
        Of(Page(2000, ("t0", int.MaxValue), "t0"), Page(1, ("t0", 0), "t0", "t0", ""), Page(2000, null, "t0", ""),
            Page(2000, ("", 0), "t0", ""), Page(1, ("t1", 0), "", "t0", "t1")),

        // The topic of the groups is a topic like others; whoever asks for a group without it has it made.
        Of(DeleteOffsetsTopic, DeleteOffsetsTopic, FindCoordinator),
    ];

    private static Step NewProducer => new(ApiKey.InitProducerId, 4, _ => new InitProducerIdRequest
    {
        TransactionalId = null,
        TransactionTimeoutMs = 1000,
        ProducerId = -1,
        ProducerEpoch = -1,
    })
    {
        Slot = 0,
    };

    private static Batch Sequenced(int sequence) => new(2, CompressionType.None, 0, sequence, Flaw.None);

    private static Step DeleteOffsetsTopic => DeleteTopic("__consumer_offsets");

    private static Step DeleteTopic(string topic) => new(ApiKey.DeleteTopics, 6, scene => new DeleteTopicsRequest
    {
        Topics = [new() { Name = scene.Topic(topic) }],
        TimeoutMs = 20_000,
    });

    private static Step FindCoordinator => new(ApiKey.FindCoordinator, 4, scene => new FindCoordinatorRequest
    {
        CoordinatorKeys = [scene.Group("g0")],
    });

    /// <summary>The topics' partitions, page by page.</summary>
    private static Step Page(int limit, (string Topic, int Partition)? cursor, params string[] topics) =>
        new(ApiKey.DescribeTopicPartitions, 0, scene => new DescribeTopicPartitionsRequest
        {
            Topics = [.. topics.Select(topic => new DescribeTopicPartitionsRequest.TopicRequest { Name = scene.Topic(topic) })],
            ResponsePartitionLimit = limit,
            Cursor = cursor is { } at ? new() { TopicName = scene.Topic(at.Topic), PartitionIndex = at.Partition } : null,
        });

    private static IEnumerable<Sequence> OfCodecs()
    {
        foreach (short version in (short[])[3, 6, 7, 9, 13])
        {
            foreach (short acks in (short[])[2, 1])
            {
                yield return Of(Produce(version, acks, "t0", Plain(1) with { Flaw = Flaw.UnknownCodec }));
            }
        }
    }

    private static Sequence Of(params Step[] steps) => new(null, steps);

    private static Batch Plain(int records) => new(records, CompressionType.None, -1, 0, Flaw.None);

    private static (string Topic, int Partition, long Offset) Part(string topic, int partition, long offset = 0) =>
        (topic, partition, offset);

    /// <summary>In the session of the scene where the epoch is above zero.</summary>
    private static Step Fetch(short version, int epoch, params (string Topic, int Partition, long Offset)[] parts) =>
        new(ApiKey.Fetch, version, scene =>
        {
            var request = new FetchRequest
            {
                MaxBytes = 1 << 20,
                SessionId = epoch > 0 ? scene.Session.Id : 0,
                SessionEpoch = epoch,
            };
            foreach (var (topic, partition, offset) in parts)
            {
                request.Topics.Add(new()
                {
                    Topic = scene.Topic(topic),
                    TopicId = scene.TopicId(topic),
                    Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = 1 << 20 }],
                });
            }

            return request;
        });

    /// <summary>All batches to partition 0.</summary>
    private static Step Produce(short version, short acks, string topic, params Batch[] batches) =>
        new(ApiKey.Produce, version, scene =>
        {
            var data = new ProduceRequest.TopicProduceData { Name = scene.Topic(topic), TopicId = scene.TopicId(topic) };
            foreach (var batch in batches)
            {
                data.PartitionData.Add(new() { Index = 0, Records = batch.Bytes(scene) });
            }

            return new ProduceRequest { Acks = acks, TimeoutMs = 5000, TopicData = [data] };
        })
        {
            Note = string.Join(", ", (object[])batches),
        };

    private static Step Alter(sbyte type, string name, (string Name, sbyte Operation, string? Value) change) =>
        new(ApiKey.IncrementalAlterConfigs, 1, scene => new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = type == TopicResource ? scene.Topic(name) : name,
                    Configs =
                    [
                        new()
                        {
                            Name = KeyIn(scene, type, change.Name),
                            ConfigOperation = change.Operation,
                            Value = change.Value,
                        },
                    ],
                },
            ],
        });

    private static string KeyIn(Scene scene, sbyte type, string key) =>
        type == BrokerResource ? scene.BrokerConfig(key) : key;

    private static Step Metadata(params string[] topicsById) =>
        new(ApiKey.Metadata, 13, scene => new MetadataRequest
        {
            Topics = [.. topicsById.Select(name =>
                new MetadataRequest.MetadataRequestTopic { Name = null, TopicId = scene.TopicId(name) })],
            AllowAutoTopicCreation = false,
        });

    private static Step Describe(sbyte type, string name, string key) =>
        new(ApiKey.DescribeConfigs, 4, scene => new DescribeConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = type == TopicResource ? scene.Topic(name) : name,
                    ConfigurationKeys = [KeyIn(scene, type, key)],
                },
            ],
            IncludeSynonyms = true,
        });
}
