using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// Requests that make, change, delete and describe topics, and that describe the cluster around them.
/// </summary>
public static class TopicRequests
{
    private static readonly Gen<(string Name, string? Value)> Config = Gen.Elements<(string, string?)>(
        ("retention.ms", "60000"), ("retention.ms", "-1"), ("retention.ms", "-2"), ("retention.ms", "x"),
        ("cleanup.policy", "compact"), ("cleanup.policy", "compact,delete"), ("cleanup.policy", "burn"),
        ("compression.type", "zstd"), ("compression.type", "producer"), ("segment.bytes", "1048576"),
        ("segment.bytes", "1"), ("max.message.bytes", "2000"), ("max.message.bytes", null),
        ("message.timestamp.type", "LogAppendTime"), ("min.insync.replicas", "1"), ("min.insync.replicas", "0"),
        ("unclean.leader.election.enable", "true"), ("unclean.leader.election.enable", "maybe"),
        ("min.cleanable.dirty.ratio", "0.25"), ("min.cleanable.dirty.ratio", "1.5"), ("no.such.config", "1"),
        ("local.retention.ms", "1000"), ("remote.storage.enable", "true"), ("preallocate", "true"),
        ("retention.bytes", "1000000"), ("delete.retention.ms", "0"), ("flush.messages", "1"), ("flush.ms", "9"));

    private static readonly Gen<List<CreateTopicsRequest.CreatableReplicaAssignment>> NewAssignments = Gen.Frequency(
        (8, Gen.Constant(new List<(int, int[])>())),
        (1, Gen.Elements<List<(int, int[])>>(
            [(0, [1])], [(0, [1]), (1, [1])], [(1, [1])], [(0, [1, 1])], [(0, [7])], [(0, [])], [(0, [1]), (0, [1])])))
        .Select(chosen => chosen.ConvertAll(pair => new CreateTopicsRequest.CreatableReplicaAssignment
        {
            PartitionIndex = pair.Item1,
            BrokerIds = [.. pair.Item2],
        }));

    public static Gen<Step> CreateTopics { get; } =
        from version in Values.VersionOf(ApiKey.CreateTopics)
        from topics in Values.ListOf(NewTopic(), 1, 2)
        from validateOnly in Values.OneIn(4)
        select new Step(ApiKey.CreateTopics, version, scene => new CreateTopicsRequest
        {
            Topics = topics.ConvertAll(topic => Named(topic, scene)),
            TimeoutMs = 20_000,
            ValidateOnly = validateOnly,
        });

    public static Gen<Step> DeleteTopics { get; } =
        from version in Values.VersionOf(ApiKey.DeleteTopics)
        // All sequences share the groups' topic: that it is deleted is one of the learned sequences.
        from topics in Values.ListOf(
            Gen.Frequency((3, Values.NewTopic.Where(name => name != "__consumer_offsets")), (1, Values.Topic)), 1, 2)
        from byId in Values.Bool
        from both in Values.OneIn(12)
        select new Step(ApiKey.DeleteTopics, version, scene => new DeleteTopicsRequest
        {
            TopicNames = topics.ConvertAll(scene.Topic),
            TimeoutMs = 20_000,
            Topics = topics.ConvertAll(topic => new DeleteTopicsRequest.DeleteTopicState
            {
                Name = byId && !both ? null : scene.Topic(topic),
                TopicId = byId || both ? scene.TopicId(topic) : default,
            }),
        });

    public static Gen<Step> CreatePartitions { get; } =
        from version in Values.VersionOf(ApiKey.CreatePartitions)
        from topics in Values.ListOf(NewPartitions(), 1, 2)
        from validateOnly in Values.OneIn(4)
        select new Step(ApiKey.CreatePartitions, version, scene => new CreatePartitionsRequest
        {
            Topics = topics.ConvertAll(topic => new CreatePartitionsRequest.CreatePartitionsTopic
            {
                Name = scene.Topic(topic.Name),
                Count = topic.Count,
                Assignments = topic.Assignments,
            }),
            TimeoutMs = 20_000,
            ValidateOnly = validateOnly,
        });

    public static Gen<Step> Metadata { get; } =
        from version in Values.VersionOf(ApiKey.Metadata)
        from topics in Values.ListOf(Values.Topic, 0, 3)
        from isAll in Values.OneIn(6)
        from byId in Values.OneIn(3)
        from wantsOperations in Values.OneIn(4)
        select new Step(ApiKey.Metadata, version, scene => new MetadataRequest
        {
            Topics = isAll ? null : topics.ConvertAll(topic => new MetadataRequest.MetadataRequestTopic
            {
                Name = byId && version >= 12 ? null : scene.Topic(topic),
                TopicId = byId && version >= 12 ? scene.TopicId(topic) : default,
            }),
            // Below version 4 a broker creates what it is asked for: names that exist, or cannot, are asked then.
            AllowAutoTopicCreation = false,
            IncludeTopicAuthorizedOperations = wantsOperations,
            IncludeClusterAuthorizedOperations = wantsOperations,
        });

    public static Gen<Step> DescribeTopicPartitions { get; } =
        from version in Values.VersionOf(ApiKey.DescribeTopicPartitions)
        from topics in Values.ListOf(Values.Topic, 1, 3)
        from limit in Gen.Elements(2000, 2000, 1, 2, 0, -1)
        from cursor in Gen.Frequency((4, Gen.Constant("none")), (1, Values.Topic))
        from partition in Values.Partition
        select new Step(ApiKey.DescribeTopicPartitions, version, scene => new DescribeTopicPartitionsRequest
        {
            Topics = topics.ConvertAll(topic => new DescribeTopicPartitionsRequest.TopicRequest
            {
                Name = scene.Topic(topic),
            }),
            ResponsePartitionLimit = limit,
            Cursor = cursor == "none" ? null : CursorAt(scene.Topic(cursor), partition),
        });

    public static Gen<Step> DescribeCluster { get; } =
        from version in Values.VersionOf(ApiKey.DescribeCluster)
        from wantsOperations in Values.Bool
        from endpointType in Gen.Elements<sbyte>(1, 1, 1, 2, 3, 0)
        from includesFenced in Values.Bool
        select new Step(ApiKey.DescribeCluster, version, _ => new DescribeClusterRequest
        {
            IncludeClusterAuthorizedOperations = wantsOperations,
            EndpointType = endpointType,
            IncludeFencedBrokers = includesFenced,
        });

    public static Gen<Step> ApiVersions { get; } =
        from version in Gen.Frequency((4, Values.VersionOf(ApiKey.ApiVersions)), (1, Gen.Elements<short>(5, 99)))
        from name in Gen.Elements("differential", "differential", "", "no good name!")
        select new Step(ApiKey.ApiVersions, version, _ => new ApiVersionsRequest
        {
            ClientSoftwareName = name,
            ClientSoftwareVersion = "1.0",
        });

    public static Gen<Step> DescribeLogDirs { get; } =
        from version in Values.VersionOf(ApiKey.DescribeLogDirs)
        from topics in Values.ListOf(Values.Topic, 0, 2)
        from partition in Values.Partition
        select new Step(ApiKey.DescribeLogDirs, version, scene => new DescribeLogDirsRequest
        {
            Topics = [.. topics.Distinct().Select(topic => new DescribeLogDirsRequest.DescribableLogDirTopic
            {
                Topic = scene.Topic(topic),
                Partitions = [0, partition],
            })],
        });

    private static DescribeTopicPartitionsRequest.CursorStruct CursorAt(string topic, int partition) =>
        new() { TopicName = topic, PartitionIndex = partition };

    private static Gen<CreateTopicsRequest.CreatableTopic> NewTopic() =>
        from name in Values.NewTopic
        from partitions in Gen.Elements(1, 1, 2, 3, -1, 0, -2)
        from replication in Gen.Elements<short>(1, 1, 1, -1, 0, 2)
        from assignments in NewAssignments
        from configs in Gen.Frequency((2, Values.ListOf(Config, 0, 0)), (1, Values.ListOf(Config, 1, 2)))
        select new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = assignments.Count > 0 && partitions > 0 ? -1 : partitions,
            ReplicationFactor = assignments.Count > 0 && replication == 1 ? (short)-1 : replication,
            Assignments = assignments,
            Configs = configs.ConvertAll(config => new CreateTopicsRequest.CreatableTopicConfig
            {
                Name = config.Name,
                Value = config.Value,
            }),
        };

    private static CreateTopicsRequest.CreatableTopic Named(CreateTopicsRequest.CreatableTopic topic, Scene scene) =>
        new()
        {
            Name = scene.Topic(topic.Name),
            NumPartitions = topic.NumPartitions,
            ReplicationFactor = topic.ReplicationFactor,
            Assignments = topic.Assignments,
            Configs = topic.Configs,
        };

    private static Gen<(string Name, int Count, List<CreatePartitionsRequest.CreatePartitionsAssignment>? Assignments)>
        NewPartitions() =>
        from name in Gen.Frequency((4, Values.Topic), (1, Values.NewTopic))
        from count in Gen.Elements(2, 3, 4, 1, 0, -1)
        from assignments in Gen.Frequency(
            (6, Gen.Constant((int[][]?)null)), (1, Gen.Elements<int[][]?>([[1]], [[1], [1]], [[7]], [[1, 1]], [[]])))
        select (name, count, assignments?.Select(brokers => new CreatePartitionsRequest.CreatePartitionsAssignment
        {
            BrokerIds = [.. brokers],
        }).ToList());
}
