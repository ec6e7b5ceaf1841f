using System;
using System.Collections.Generic;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>A broker that comes back without the disk it had is eligible nowhere, though all was flushed that it had.</summary>
public sealed class ReplacedDiskTests
{
    private static readonly Uuid First = new(100, 2);
    private static readonly Uuid Second = new(200, 2);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_broker_with_another_disk_is_not_eligible_though_it_says_that_it_stopped_in_order(bool isReplaced, bool isClean)
    {
        var world = Three();
        world.Create("t", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "flush"));
        BrokerLifeTests.Silence(world, 1, 2);
        BrokerLifeTests.Silence(world, 2, 3);
        BrokerLifeTests.Silence(world, 3);
        Assert.Equal((-1, 2), (world.Partition().Leader, world.Partition().Elr.Length));

        Return(world, isReplaced ? Second : First, isClean);

        Assert.Equal(isReplaced ? -1 : 2, world.Partition().Leader);
        Assert.Equal(!isReplaced, Array.IndexOf([.. world.Partition().Isr, .. world.Partition().Elr], 2) >= 0);
        Assert.Equal(isReplaced ? Second : First, world.Partition().Directories[1]);
        world.Join(3);
        Assert.Equal(isReplaced ? 3 : 2, world.Partition().Leader);
    }

    [Fact]
    public void Whoever_was_alone_in_the_ISR_leads_nothing_with_an_empty_disk_until_somebody_asks_for_that()
    {
        var world = Three();
        world.Create("t", [2, 3], ("durability.mode", "flush"));
        BrokerLifeTests.Silence(world, 3, 1, 2);
        Assert.Equal([2], world.Partition().Isr);
        world.Join(3);

        Return(world, Second);

        Assert.Equal(-1, world.Partition().Leader);
        Assert.Empty(world.Partition().Isr);
        Assert.Empty(world.Partition().Elr);
        Assert.Empty(world.Partition().LastKnownElr);
        Assert.NotEqual(ErrorCode.None, ReassignmentTests.Elect(world, 0));
        Assert.Equal(ErrorCode.None, ReassignmentTests.Elect(world, 1));
        Assert.Equal(1, world.Partition().LeaderRecoveryState);
    }

    [Fact]
    public void A_disk_that_was_taken_out_and_put_back_later_is_no_disk_of_the_life_before()
    {
        var world = Three();
        world.Create("t", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "flush"));
        Return(world, Second);
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 2, 3));
        Assert.Equal(3, world.Partition().Isr.Length);
        BrokerLifeTests.Silence(world, 1, 2);
        BrokerLifeTests.Silence(world, 2, 3);
        BrokerLifeTests.Silence(world, 3);
        Assert.Contains(2, world.Partition().Elr);

        Return(world, First);

        Assert.Equal((-1, First), (world.Partition().Leader, world.Partition().Directories[1]));
        Assert.Equal([3], world.Partition().Elr);
    }

    [Fact]
    public void Of_a_broker_that_was_unregistered_the_partition_knows_the_disk()
    {
        foreach (var disk in new[] { First, Second })
        {
            var world = Three();
            world.Create("t", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "flush"));
            BrokerLifeTests.Silence(world, 1, 2);
            BrokerLifeTests.Silence(world, 2, 3);
            BrokerLifeTests.Silence(world, 3);
            var gone = new UnregisterBrokerRequest { BrokerId = 2 };
            Assert.Equal(0, world.Decide((_, r) => BrokerRemoval.Decide(world.Controller, gone, r)).ErrorCode);

            Return(world, disk);

            Assert.Equal(disk == First ? 2 : -1, world.Partition().Leader);
        }
    }

    [Fact]
    public void A_new_cluster_begins_with_the_minimum_that_its_controllers_are_configured_with()
    {
        var world = new ControllerWorld(
            properties: new SortedDictionary<string, string>(StringComparer.Ordinal) { ["min.insync.replicas"] = "2" });
        world.Activate();

        Assert.Equal("2", world.Image.Configs.Find(ConfigResourceType.Broker, "", "min.insync.replicas"));
    }

    private static ControllerWorld Three()
    {
        var world = new ControllerWorld().Activate();
        world.Join(1);
        world.Join(2);
        world.Join(3);
        return world;
    }

    private static void Return(ControllerWorld world, Uuid disk, bool isClean = false)
    {
        world.Requests.ConnectionLost(2);
        var previous = isClean ? world.Image.Cluster.Find(2)!.Epoch : -1;
        var incarnation = new Uuid(300, (ulong)world.Image.LastOffset);
        var request = world.Registration(2, incarnation, previous, null);
        request.LogDirs = [disk];
        var response = world.Ask<BrokerRegistrationResponse>(request);
        Assert.Equal((short)ErrorCode.None, response.ErrorCode);
        world.Heartbeat(2, response.BrokerEpoch);
    }
}
