using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Deterministic.Broker.Controller;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>Where replicas go, and with which errors they do not.</summary>
public sealed class PlacementTests
{
    [Fact]
    public void Leaders_spread_evenly_and_replicas_over_racks()
    {
        var world = new ControllerWorld().Activate();
        for (var broker = 1; broker <= 6; broker++)
        {
            world.Join(broker, rack: ((broker + 1) / 2).ToString(CultureInfo.InvariantCulture));
        }

        Assert.Equal(0, Create(world, 60, 3).ErrorCode);

        var partitions = world.Image.Topics.Find("t")!.Partitions;
        Assert.All(partitions, partition => Assert.Equal(
            3, partition.Replicas.Select(replica => world.Image.Cluster.Find(replica)!.Rack).Distinct().Count()));
        foreach (var broker in Enumerable.Range(1, 6))
        {
            Assert.Equal(10, partitions.Count(partition => partition.Leader == broker));
            Assert.InRange(partitions.Count(partition => partition.Replicas.Contains(broker)), 20, 40);
        }
    }

    [Fact]
    public void Fenced_brokers_are_taken_only_where_nobody_else_is_left_and_are_not_in_sync()
    {
        var world = BrokerLifeTests.Three();
        BrokerLifeTests.Silence(world, 2, 1, 3);

        Assert.Equal(0, Create(world, 8, 2).ErrorCode);
        Assert.All(world.Image.Topics.Find("t")!.Partitions, p => Assert.DoesNotContain(2, p.Replicas));

        Assert.Equal(0, Create(world, 4, 3, "u").ErrorCode);
        Assert.All(world.Image.Topics.Find("u")!.Partitions, p =>
        {
            Assert.Contains(2, p.Replicas);
            Assert.DoesNotContain(2, p.Isr);
            Assert.NotEqual(2, p.Leader);
        });
    }

    [Fact]
    public void Errors_are_Kafkas()
    {
        var world = BrokerLifeTests.Three();
        var tooMany = Create(world, 1, 4);
        Assert.Equal(
            (38, "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached "
            + "because only 3 broker(s) are registered or some brokers have all their log directories cordoned."),
            (tooMany.ErrorCode, tooMany.ErrorMessage));

        BrokerLifeTests.Silence(world, 1, 2, 3);
        BrokerLifeTests.Silence(world, 2, 3);
        BrokerLifeTests.Silence(world, 3);
        var fenced = Create(world, 1, 1);
        Assert.Equal(
            (38, "Unable to replicate the partition 1 time(s): All brokers are currently fenced."),
            (fenced.ErrorCode, fenced.ErrorMessage));
        var manual = world.Decide((view, records) =>
            new TopicCreation(view).Decide(ControllerWorld.Topic("t", [1, 2]), records)).Topics[0];
        Assert.Equal(
            (39, "All brokers specified in the manual partition assignment for partition 0 are fenced or in "
            + "controlled shutdown."),
            (manual.ErrorCode, manual.ErrorMessage));
    }

    [Fact]
    public void New_partitions_have_as_many_replicas_as_the_old_ones()
    {
        var world = BrokerLifeTests.Three();
        Create(world, 1, 3);
        var request = new CreatePartitionsRequest
        {
            Topics = [new CreatePartitionsRequest.CreatePartitionsTopic { Name = "t", Count = 4, Assignments = null }],
        };
        var answer = world.Decide((view, records) => new PartitionCreation(view).Decide(request, records));

        Assert.Equal(0, answer.Results[0].ErrorCode);
        Assert.Equal(4, world.Image.Topics.Find("t")!.Partitions.Count);
        Assert.All(world.Image.Topics.Find("t")!.Partitions, p => Assert.Equal(3, p.Isr.Length));
    }

    private static CreateTopicsResponse.CreatableTopicResult Create(
        ControllerWorld world, int partitions, short factor, string name = "t")
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = factor,
        };
        var request = new CreateTopicsRequest { Topics = new List<CreateTopicsRequest.CreatableTopic> { topic } };
        return world.Decide((view, records) => new TopicCreation(view).Decide(request, records)).Topics[0];
    }
}
