using System;
using System.Text;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Membership;
using Deterministic.Broker.Peers;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Metadata;

/// <summary>
/// The quorum of one on a disk that can lose what was not flushed: what was answered is there afterwards.
/// </summary>
public sealed class MetadataQuorumTests
{
    [Fact]
    public void A_new_directory_gets_Kafkas_first_records()
    {
        var world = new MetadataWorld().Start();

        Assert.True(world.IsUp, world.Cluster.Refusal);
        Assert.Equal(30, world.Image.Features.LevelOf("metadata.version"));
        Assert.Equal(1, world.Image.Features.LevelOf("kraft.version"));
        Assert.Equal(2, world.Image.Features.LevelOf("transaction.version"));
        Assert.Equal("1", world.Image.Configs.Find(ConfigResourceType.Broker, "", "min.insync.replicas"));
        var broker = Assert.Single(world.Image.Cluster.Brokers);
        Assert.False(broker.IsFenced);
        Assert.Equal(world.Cluster.Quorum.Identity.DirectoryId, Assert.Single(broker.Directories));
    }

    [Fact]
    public void Every_start_enters_a_new_epoch_and_raises_every_leader_epoch()
    {
        var world = new MetadataWorld().Start();
        world.Create(MetadataWorld.Topic("t", 2));
        var epoch = world.Cluster.Quorum.Epoch;
        var cluster = world.Cluster.ClusterId;

        world.Restart(powerLoss: false);

        Assert.Equal(epoch + 1, world.Cluster.Quorum.Epoch);
        Assert.Equal(cluster, world.Cluster.ClusterId);
        // Once for the life that is over, once for the new one.
        Assert.Equal(2, world.Image.Topics.Find("t", 1)!.LeaderEpoch.Value);
        Assert.Contains("\"leaderEpoch\":2", Encoding.UTF8.GetString(
            world.Disk.Content("__cluster_metadata-0/quorum-state")!), StringComparison.Ordinal);
    }

    [Property(MaxTest = 60)]
    public void What_was_answered_survives_any_crash(ulong seed, byte[] moves)
    {
        var world = new MetadataWorld(seed).Start();
        var answered = 0;
        var asked = 0;
        foreach (var move in moves)
        {
            if (move % 7 == 6)
            {
                world.Restart(powerLoss: move % 2 == 0);
                Assert.True(world.IsUp, world.Cluster.Refusal);
                for (var i = 0; i < answered; i++)
                {
                    Assert.NotNull(world.Image.Topics.Find("t" + i));
                }

                asked = answered;
                while (world.Image.Topics.Find("t" + asked) is not null)
                {
                    asked++;
                }

                answered = asked;
                continue;
            }

            var topic = MetadataWorld.Topic("t" + asked++, 1 + (move % 3));
            world.Submit(
                records => new TopicCreation(world.Cluster.Controller.View)
                    .Decide(new CreateTopicsRequest { Topics = [topic] }, records),
                response => answered += response.Topics[0].ErrorCode == 0 ? 1 : 0);
            world.Run(move % 5);
        }
    }

    [Property(MaxTest = 40)]
    public void A_reloaded_image_is_the_image_that_was(ulong seed, byte[] moves)
    {
        var world = new MetadataWorld(seed).Start();
        foreach (var move in moves)
        {
            Random(world, move);
        }

        // The second and third start differ in nothing but epochs, which the text leaves out.
        world.Restart(powerLoss: true);
        var first = ImageText.Of(world.Image);
        world.Restart(powerLoss: false);

        Assert.Equal(first, ImageText.Of(world.Image));
    }

    [Fact]
    public void A_directory_of_another_node_is_refused()
    {
        var world = new MetadataWorld().Start();
        var other = new MetadataWorld(node: 2, disk: world.Disk).Start();

        Assert.False(other.IsUp);
        Assert.Contains("node.id 1", other.Cluster.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_quorum_state_is_refused()
    {
        var world = new MetadataWorld().Start();
        world.Disk.Place("__cluster_metadata-0/quorum-state", "{\"leaderId\":"u8);
        world.Restart(powerLoss: false);

        Assert.False(world.IsUp);
        Assert.Contains("quorum-state", world.Cluster.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_with_logs_but_no_identity_is_refused()
    {
        var world = new MetadataWorld();
        world.Disk.Place("orders-0/00000000000000000000.log", "x"u8);
        world.Start();

        Assert.False(world.IsUp);
        Assert.Contains("meta.properties", world.Cluster.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Producer_ids_are_given_once_across_restarts()
    {
        var world = new MetadataWorld().Start();
        var first = Take(world);
        var second = Take(world);
        world.Restart(powerLoss: true);
        var third = Take(world);

        Assert.Equal(0, first);
        Assert.Equal(ProducerIdAllocation.BlockSize, second);
        Assert.Equal(2 * ProducerIdAllocation.BlockSize, third);
    }

    [Property]
    public void Quorum_state_survives_its_text(int epoch, int leader, bool isDynamic)
    {
        var state = QuorumState.Initial((short)(isDynamic ? 1 : 0)).Entering(epoch & int.MaxValue).Led(leader);

        Assert.True(QuorumState.TryParse(state.ToBytes(), out var read));
        Assert.Equal(state, read);
    }

    [Fact]
    public void Quorum_state_is_Kafkas_own_line()
    {
        var state = QuorumState.Initial(1).Entering(1).Led(1);

        Assert.Equal(
            """{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","""
            + "\"data_version\":1}",
            Encoding.UTF8.GetString(state.ToBytes()));
    }

    private static long Take(MetadataWorld world)
    {
        var got = -2L;
        var ids = new ProducerIdBlocks(new ToItself(world), new BrokerId(1), () => world.Cluster.BrokerEpoch);
        ids.Take(id => got = id);
        world.Run();
        return got;
    }

    private static void Random(MetadataWorld world, byte move)
    {
        var name = "t" + (move % 4);
        switch (move % 5)
        {
            case 0 or 1:
                world.Create(MetadataWorld.Topic(name, 1 + (move % 3), 1, ("retention.ms", "10")));
                break;
            case 2:
                world.Ask(records => new TopicDeletion(world.Cluster.Controller.View).Decide(
                    new DeleteTopicsRequest { TopicNames = [name] }, 5, records));
                break;
            case 3:
                world.Ask(records => new PartitionCreation(world.Cluster.Controller.View).Decide(
                    new CreatePartitionsRequest { Topics = [new() { Name = name, Count = 5, Assignments = null }] },
                    records));
                break;
            default:
                world.Ask(records => new ConfigAlteration(world.Cluster.Controller.View).Decide(
                    new AlterConfigsRequest
                    {
                        Resources =
                        [
                            new()
                            {
                                ResourceType = 2,
                                ResourceName = name,
                                Configs = [new() { Name = "segment.ms", Value = "5" }],
                            },
                        ],
                    },
                    records));
                break;
        }
    }

    /// <summary>The way of a broker to a controller on its own node.</summary>
    private sealed class ToItself(MetadataWorld world) : IControllerChannel
    {
        public void Ask(ApiKey key, IMessage request, Duration timeout, IPeerAnswer answer, long token = 0) =>
            world.Cluster.Requests.Handle(key, request, response => answer.Answered(response, token));
    }
}
