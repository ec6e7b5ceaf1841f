using System;
using Deterministic.Broker.Controller;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>A broker says of one of its replicas that it has lost what it had flushed: that one is eligible nowhere.</summary>
public sealed class DamagedLogTests
{
    [Fact]
    public void A_replica_that_is_lost_is_eligible_nowhere_and_others_of_its_broker_stay()
    {
        var world = Three();
        world.Create("t", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "flush"));
        world.Create("u", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "flush"));
        BrokerLifeTests.Silence(world, 1, 2);
        BrokerLifeTests.Silence(world, 2, 3);
        BrokerLifeTests.Silence(world, 3);
        var epoch = world.Register(2).BrokerEpoch;
        Assert.Contains(2, world.Partition("t").Elr);

        Lose(world, 2, epoch, "t");
        world.Heartbeat(2, epoch);

        Assert.Equal((-1, 2), (world.Partition("t").Leader, world.Partition("u").Leader));
        Assert.Equal([3], world.Partition("t").Elr);
        Assert.Equal(world.Image.Cluster.Find(2)!.Directories[0], world.Partition("t").Directories[1]);
        world.Join(3);
        Assert.Equal(3, world.Partition("t").Leader);
    }

    [Fact]
    public void Whoever_was_alone_in_the_ISR_leads_nothing_until_somebody_asks_for_that()
    {
        var world = Three();
        world.Create("t", [2, 3], ("durability.mode", "flush"));
        BrokerLifeTests.Silence(world, 3, 1, 2);
        world.Join(3);
        Assert.Equal([2], world.Partition().Isr);
        world.Requests.ConnectionLost(2);
        var epoch = world.Register(2).BrokerEpoch;

        Lose(world, 2, epoch, "t");
        world.Heartbeat(2, epoch);

        Assert.Equal(-1, world.Partition().Leader);
        Assert.Empty(world.Partition().Isr);
        Assert.Empty(world.Partition().Elr);
        Assert.Empty(world.Partition().LastKnownElr);
        Assert.NotEqual(ErrorCode.None, ReassignmentTests.Elect(world, 0));
        Assert.Equal(ErrorCode.None, ReassignmentTests.Elect(world, 1));
        Assert.Equal(1, world.Partition().LeaderRecoveryState);
    }

    [Fact]
    public void A_leader_that_has_lost_its_replica_leads_it_no_more()
    {
        var world = Three();
        world.Create("t", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "flush"));
        Assert.Equal(1, world.Partition().Leader);

        Lose(world, 1, world.Image.Cluster.Find(1)!.Epoch, "t");

        Assert.Equal(2, world.Partition().Leader);
        Assert.Equal([2, 3], world.Partition().Isr);
    }

    /// <summary>What a broker sends that found it: in no directory, then in its own again.</summary>
    private static void Lose(ControllerWorld world, int broker, long epoch, string topic)
    {
        var own = world.Image.Cluster.Find(broker)!.Directories[0];
        foreach (var directory in (Uuid[])[ReplicaPlacement.Lost, own])
        {
            var named = new AssignReplicasToDirsRequest.TopicData { TopicId = world.Image.Topics.Find(topic)!.Id };
            named.Partitions.Add(new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = 0 });
            var answer = world.Ask<AssignReplicasToDirsResponse>(new AssignReplicasToDirsRequest
            {
                BrokerId = broker,
                BrokerEpoch = epoch,
                Directories = [new AssignReplicasToDirsRequest.DirectoryData { Id = directory, Topics = [named] }],
            });
            Assert.Equal((short)ErrorCode.None, answer.ErrorCode);
            Assert.Equal((short)ErrorCode.None, answer.Directories[0].Topics[0].Partitions[0].ErrorCode);
            Assert.Equal(directory, world.Image.Topics.Find(topic)!.Partitions[0].Directories[
                Array.IndexOf(world.Image.Topics.Find(topic)!.Partitions[0].Replicas, broker)]);
        }
    }

    private static ControllerWorld Three() => BrokerLifeTests.Three();
}
