using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Metadata;

/// <summary>
/// Altering configurations: answers as Apache Kafka 4.3.1 gave them, and what is in force afterwards.
/// </summary>
public sealed class ConfigDecisionTests
{
    private const sbyte Topic = 2;

    /// <summary>Resources are type/name: 2 topic, 4 broker, 16 client metrics, 32 group.</summary>
    [Theory]
    [InlineData("2/t1", "retention.ms", 0, "5", 0, null)]
    [InlineData("2/t1", "retention.ms", 0, null, 42, "Null value not supported for : retention.ms")]
    [InlineData("2/t1", "nope", 0, "a", 40, "Unknown topic config name: nope")]
    [InlineData("2/t1", "nope", 1, null, 0, null)]
    [InlineData(
        "2/t1", "retention.ms", 2, "5", 40, "Can't APPEND to key retention.ms because its type is not LIST.")]
    [InlineData("2/t1", "cleanup.policy", 2, null, 42, "Null value not supported for : cleanup.policy")]
    [InlineData("2/t1", "retention.ms", 9, "5", -1, null)]
    [InlineData(
        "2/t1", "cleanup.policy", 2, "x", 40,
        "Invalid value x for configuration cleanup.policy: String must be one of: compact, delete")]
    [InlineData("2/none", "retention.ms", 0, "5", 3, "The topic 'none' does not exist.")]
    [InlineData("2/", "retention.ms", 0, "5", 42, "Default topic resources are not allowed.")]
    [InlineData("7/x", "retention.ms", 0, "5", 42, "Unknown resource type 7")]
    [InlineData("4/2", "log.retention.ms", 0, "5", 42, "Unexpected broker id, expected 1, but received 2")]
    [InlineData("4/x", "log.retention.ms", 0, "5", 42, "Node id must be an integer, but it is: x")]
    [InlineData("4/1", "log.retention.ms", 0, "5", 0, null)]
    [InlineData("4/1", "node.id", 0, "5", 42, "Cannot update these configs dynamically: [node.id]")]
    [InlineData("4/", "node.id", 0, "5", 42, "Cannot update these configs dynamically: [node.id]")]
    [InlineData("4/1", "nope", 0, "5", 0, null)]
    [InlineData(
        "4/", "listeners", 0, "x", 42,
        "Cannot update these configs at default cluster level, broker id must be specified: [listeners]")]
    [InlineData(
        "4/", "ssl.keystore.location", 0, "x", 42,
        "These security configs can be dynamically updated only per-listener using the listener prefix: "
        + "[ssl.keystore.location]")]
    [InlineData(
        "4/1", "log.retention.ms", 0, "z", 42,
        "Invalid value z for configuration log.retention.ms: Not a number of type LONG")]
    [InlineData(
        "4/1", "min.insync.replicas", 0, "2", 40,
        "Broker-level min.insync.replicas cannot be altered while ELR is enabled.")]
    [InlineData(
        "4/", "min.insync.replicas", 1, null, 40,
        "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.")]
    [InlineData("32/g", "consumer.session.timeout.ms", 0, "50000", 0, null)]
    [InlineData("32/g", "nope", 0, "50000", 40, "Unknown group config name: nope")]
    [InlineData("32/", "consumer.session.timeout.ms", 0, "50000", 42, "Default group resources are not allowed.")]
    [InlineData(
        "32/g", "consumer.session.timeout.ms", 0, "1", 40,
        "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms")]
    [InlineData(
        "16/cm", "interval.ms", 0, "1", 42,
        "Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)")]
    [InlineData("16/", "interval.ms", 0, "1000", 42, "Subscription name can't be empty")]
    [InlineData("16/cm", "nope", 0, "1000", 42, "Unknown client metrics configuration: nope")]
    [InlineData("16/cm", "match", 0, "foo=bar", 40, "Illegal client matching pattern: foo=bar")]
    public void Incremental(
        string resource, string name, sbyte operation, string? value, int code, string? message)
    {
        var world = new MetadataWorld().Start();
        world.Create(MetadataWorld.Topic("t1"));

        var answer = Alter(world, resource, (name, operation, value));

        Assert.Equal((code, message), (answer.ErrorCode, answer.ErrorMessage));
    }

    [Fact]
    public void Appending_begins_with_the_default_and_adds_nothing_twice()
    {
        var world = new MetadataWorld().Start();
        world.Create(MetadataWorld.Topic("t1"));

        Alter(world, "2/t1", ("cleanup.policy", 2, "compact"));
        Assert.Equal("delete,compact", Set(world, "cleanup.policy"));
        Alter(world, "2/t1", ("cleanup.policy", 2, "delete"));
        Assert.Equal("delete,compact", Set(world, "cleanup.policy"));
        Alter(world, "2/t1", ("cleanup.policy", 3, "delete"));
        Assert.Equal("compact", Set(world, "cleanup.policy"));
    }

    [Fact]
    public void Replacing_reverts_what_is_not_named()
    {
        var world = new MetadataWorld().Start();
        world.Create(MetadataWorld.Topic("t1", 1, 1, ("cleanup.policy", "compact"), ("retention.ms", "1")));
        var request = new AlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = Topic,
                    ResourceName = "t1",
                    Configs = [new() { Name = "retention.ms", Value = "77" }],
                },
            ],
        };
        world.Ask(records => new ConfigAlteration(world.Cluster.Controller.View).Decide(request, records));

        Assert.Equal("77", Set(world, "retention.ms"));
        Assert.Null(Set(world, "cleanup.policy"));
    }

    [Fact]
    public void A_topic_follows_the_finest_unit_that_the_broker_was_given()
    {
        var properties = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["log.retention.hours"] = "24",
            ["log.roll.hours"] = "1",
        };
        var world = new MetadataWorld(properties: properties).Start();
        world.Create(MetadataWorld.Topic("t1"));
        var config = world.Cluster.LogConfigOf("t1");

        Assert.Equal(86_400_000, config.RetentionMs);
        Assert.Equal(3_600_000, config.SegmentMs);
        Alter(world, "4/1", ("log.retention.ms", 0, "5"));
        Assert.Equal(5, world.Cluster.LogConfigOf("t1").RetentionMs);
    }

    /// <summary>
    /// Kafka's own answer after log.retention.ms was set for the broker and retention.ms for the topic.
    /// </summary>
    [Fact]
    public void Synonyms_name_every_level_from_the_strongest_down()
    {
        var world = new MetadataWorld().Start();
        world.Create(MetadataWorld.Topic("t1", 1, 1, ("retention.ms", "1000")), MetadataWorld.Topic("t2"));
        Alter(world, "4/1", ("log.retention.ms", 0, "86400000"));

        Assert.Equal(
            "DynamicTopic retention.ms=1000; DynamicBroker log.retention.ms=86400000; Default log.retention.hours=168",
            Synonyms(world, "t1", "retention.ms"));
        Assert.Equal(
            "DynamicBroker log.retention.ms=86400000; Default log.retention.hours=168",
            Synonyms(world, "t2", "retention.ms"));
        Assert.Equal("", Synonyms(world, "t2", "segment.ms"));
        Assert.Equal(
            "DynamicDefaultBroker min.insync.replicas=1; Default min.insync.replicas=1",
            Synonyms(world, "t2", "min.insync.replicas"));
    }

    private static string Synonyms(MetadataWorld world, string topic, string name)
    {
        var set = world.Image.Configs.Of(ConfigResourceType.Topic, topic);
        var config = world.Cluster.Configs.DescribeTopic(set, ConfigTable.Topic.Find(name)!);
        return string.Join("; ", config.Synonyms.Select(s => s.Source + " " + s.Name + "=" + s.Value));
    }

    private static string? Set(MetadataWorld world, string name) =>
        world.Image.Configs.Find(ConfigResourceType.Topic, "t1", name);

    private static IncrementalAlterConfigsResponse.AlterConfigsResourceResponse Alter(
        MetadataWorld world, string resource, (string Name, sbyte Operation, string? Value) change)
    {
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        var request = new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = sbyte.Parse(resource[..slash], CultureInfo.InvariantCulture),
                    ResourceName = resource[(slash + 1)..],
                    Configs =
                    [
                        new() { Name = change.Name, ConfigOperation = change.Operation, Value = change.Value },
                    ],
                },
            ],
        };
        return world.Ask(
            records => new ConfigAlteration(world.Cluster.Controller.View).Decide(request, records)).Responses[0];
    }
}
