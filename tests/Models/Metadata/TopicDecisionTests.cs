using Deterministic.Broker.Controller;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Metadata;

/// <summary>
/// Creating and deleting topics: error codes, sentences and precedence as Apache Kafka 4.3.1 answered them.
/// </summary>
public sealed class TopicDecisionTests
{
    private const string BadCharacters =
        "contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";

    [Theory]
    [InlineData("", 17, "Topic name is invalid: the empty string is not allowed")]
    [InlineData("a b", 17, "Topic name is invalid: 'a b' " + BadCharacters)]
    [InlineData(".", 17, "Topic name is invalid: '.' is not allowed")]
    [InlineData("..", 17, "Topic name is invalid: '..' is not allowed")]
    [InlineData("t1", 36, "Topic 't1' already exists.")]
    [InlineData("tp_a", 17, "Topic 'tp_a' collides with existing topic: tp.a")]
    [InlineData("t.1", 0, null)]
    [InlineData("__consumer_offsets", 0, null)]
    [InlineData("__cluster_metadata", 42, "Creation of internal topic __cluster_metadata is prohibited.")]
    public void Names(string name, int code, string? message) =>
        Expect(MetadataWorld.Topic(name), code, message);

    [Theory]
    [InlineData(0, 1, 37, "Number of partitions was set to an invalid non-positive value.")]
    [InlineData(-2, 1, 37, "Number of partitions was set to an invalid non-positive value.")]
    [InlineData(-1, -1, 0, null)]
    [InlineData(1, 0, 38, "Replication factor must be larger than 0, or -1 to use the default value.")]
    [InlineData(0, 0, 38, "Replication factor must be larger than 0, or -1 to use the default value.")]
    [InlineData(0, 2, 37, "Number of partitions was set to an invalid non-positive value.")]
    [InlineData(
        1, 2, 38, "Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached "
        + "because only 1 broker(s) are registered or some brokers have all their log directories cordoned.")]
    [InlineData(200000, 1, 44, "Excessively large number of partitions per request.")]
    public void Counts(int partitions, short factor, int code, string? message) =>
        Expect(MetadataWorld.Topic("ok", partitions, factor), code, message);

    [Theory]
    [InlineData("0:1", -1, -1, 0, null)]
    [InlineData(
        "0:1", 1, -1, 42, "A manual partition assignment was specified, but numPartitions was not set to -1.")]
    [InlineData(
        "0:1", 1, 1, 42, "A manual partition assignment was specified, but replication factor was not set to -1.")]
    [InlineData("1:1", -1, -1, 39, "partitions should be a consecutive 0-based integer sequence")]
    [InlineData("0:1 2:1", -1, -1, 39, "partitions should be a consecutive 0-based integer sequence")]
    [InlineData("0:", -1, -1, 39, "The manual partition assignment includes an empty replica list.")]
    [InlineData(
        "0:2", -1, -1, 39, "The manual partition assignment includes broker 2, but no such broker is registered.")]
    [InlineData("0:1,1", -1, -1, 39, "The manual partition assignment includes the broker 1 more than once.")]
    [InlineData("0:1 0:1", -1, -1, 39, "Found multiple manual partition assignments for partition 0")]
    [InlineData("1:1 0:1", -1, -1, 0, null)]
    public void Assignments(string assignment, int partitions, short factor, int code, string? message)
    {
        var topic = MetadataWorld.Topic("ok", partitions, factor);
        foreach (var part in assignment.Split(' '))
        {
            var sides = part.Split(':');
            var replicas = new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = int.Parse(sides[0]) };
            foreach (var id in sides[1].Split(',', System.StringSplitOptions.RemoveEmptyEntries))
            {
                replicas.BrokerIds.Add(int.Parse(id));
            }

            topic.Assignments.Add(replicas);
        }

        Expect(topic, code, message);
    }

    [Theory]
    [InlineData("nope", "1", "Unknown topic config name: nope")]
    [InlineData("", "1", "Unknown topic config name: ")]
    [InlineData("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG")]
    [InlineData("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1")]
    [InlineData("retention.ms", null, "Null value not supported for topic configs: retention.ms")]
    [InlineData(
        "cleanup.policy", "x",
        "Invalid value x for configuration cleanup.policy: String must be one of: compact, delete")]
    [InlineData("cleanup.policy", "delete,compact", null)]
    [InlineData("cleanup.policy", " compact , delete ", null)]
    [InlineData("cleanup.policy", "", null)]
    [InlineData(
        "segment.bytes", "10",
        "Invalid value 10 for configuration segment.bytes: Value must be at least 1048576")]
    [InlineData("segment.bytes", " 2000000 ", null)]
    [InlineData(
        "preallocate", "yes",
        "Invalid value yes for configuration preallocate: Expected value to be either true or false")]
    [InlineData("preallocate", "TRUE", null)]
    [InlineData(
        "min.cleanable.dirty.ratio", "2",
        "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1")]
    [InlineData("min.cleanable.dirty.ratio", "0.7f", null)]
    [InlineData(
        "compression.type", "LZ4", "Invalid value LZ4 for configuration compression.type: String must be one of: "
        + "uncompressed, zstd, lz4, snappy, gzip, producer")]
    [InlineData(
        "compression.gzip.level", "0",
        "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1")]
    [InlineData(
        "compression.lz4.level", "0",
        "Invalid value 0 for configuration compression.lz4.level: Value must be at least 1")]
    [InlineData("leader.replication.throttled.replicas", "*", null)]
    [InlineData("leader.replication.throttled.replicas", "0:1,1:2", null)]
    [InlineData(
        "leader.replication.throttled.replicas", "a",
        "Invalid value [a] for configuration leader.replication.throttled.replicas: "
        + "leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following "
        + "format: [partitionId]:[brokerId],[partitionId]:[brokerId],...")]
    [InlineData(
        "max.message.bytes", "99999999999",
        "Invalid value 99999999999 for configuration max.message.bytes: Not a number of type INT")]
    [InlineData(
        "max.message.bytes", "",
        "Invalid value  for configuration max.message.bytes: Not a number of type INT")]
    [InlineData(
        "remote.storage.enable", "true",
        "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.")]
    [InlineData("retention.bytes", "-5", null)]
    [InlineData("durability.mode", "page-cache", null)]
    public void Configs(string name, string? value, string? message) =>
        Expect(MetadataWorld.Topic("ok", 1, 1, (name, value)), message is null ? 0 : 40, message);

    [Fact]
    public void An_unknown_configuration_is_found_before_a_wrong_count() =>
        Expect(MetadataWorld.Topic("ok", 0, 1, ("nope", "1")), 40, "Unknown topic config name: nope");

    [Fact]
    public void Lags_of_compaction_must_not_cross() => Expect(
        MetadataWorld.Topic("ok", 1, 1, ("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")),
        40,
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)");

    [Fact]
    public void Good_topics_are_created_beside_bad_ones_and_repeated_names_come_last()
    {
        var world = new MetadataWorld().Start();
        var response = world.Create(
            MetadataWorld.Topic("x1"), MetadataWorld.Topic("x2"), MetadataWorld.Topic("x2"), MetadataWorld.Topic("x3"));

        Assert.Equal(
            [("x1", 0), ("x3", 0), ("x2", 42)],
            response.Topics.ConvertAll(topic => (topic.Name, (int)topic.ErrorCode)));
        Assert.NotNull(world.Image.Topics.Find("x3"));
        Assert.Null(world.Image.Topics.Find("x2"));
    }

    [Fact]
    public void A_created_topic_is_told_with_every_configuration_in_order_of_names()
    {
        var world = new MetadataWorld().Start();
        var topic = world.Create(MetadataWorld.Topic("t", -1, -1, ("retention.ms", "7"))).Topics[0];

        Assert.Equal(34, topic.Configs!.Count);
        Assert.Equal("cleanup.policy", topic.Configs[0].Name);
        Assert.Contains(topic.Configs, c => c is { Name: "retention.ms", Value: "7", ConfigSource: 1 });
        Assert.Contains(topic.Configs, c => c is { Name: "min.insync.replicas", Value: "1", ConfigSource: 3 });
        Assert.Contains(topic.Configs, c => c is { Name: "segment.ms", Value: "604800000", ConfigSource: 5 });
    }

    [Fact]
    public void Deletion_by_name_by_id_by_both_and_by_neither()
    {
        var world = new MetadataWorld().Start();
        var id = world.Create(MetadataWorld.Topic("t")).Topics[0].TopicId;
        var request = new DeleteTopicsRequest
        {
            Topics =
            [
                new() { Name = "none" },
                new() { Name = null },
                new() { Name = null, TopicId = new(7, 7) },
                new() { Name = "t", TopicId = id },
                new() { Name = null, TopicId = id },
                new() { Name = "d" },
                new() { Name = "d" },
            ],
        };
        var response = world.Ask(
            records => new TopicDeletion(world.Cluster.Controller.View).Decide(request, 6, records));

        Assert.Equal(
            [(ErrorCode)3, (ErrorCode)42, (ErrorCode)100, (ErrorCode)42, 0, (ErrorCode)42],
            response.Responses.ConvertAll(topic => (ErrorCode)topic.ErrorCode));
        Assert.Equal("t", response.Responses[4].Name);
        Assert.Null(world.Image.Topics.Find("t"));
    }

    private static void Expect(CreateTopicsRequest.CreatableTopic topic, int code, string? message)
    {
        var world = new MetadataWorld().Start();
        world.Create(MetadataWorld.Topic("t1", 2), MetadataWorld.Topic("tp.a", 2));

        var result = world.Create(topic).Topics[0];

        Assert.Equal((code, message), (result.ErrorCode, result.ErrorMessage));
    }
}
