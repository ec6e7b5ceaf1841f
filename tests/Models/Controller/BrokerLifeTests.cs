using System;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>What registration, heartbeats and silence do to a broker and to what it leads.</summary>
public sealed class BrokerLifeTests
{
    [Fact]
    public void A_broker_is_fenced_until_it_has_read_its_own_registration()
    {
        var world = new ControllerWorld().Activate();
        var epoch = world.Register(1).BrokerEpoch;
        var blind = world.Ask<BrokerHeartbeatResponse>(
            new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = epoch, CurrentMetadataOffset = epoch - 1 });

        Assert.True(blind.IsFenced);
        Assert.False(blind.IsCaughtUp);
        Assert.False(world.Heartbeat(1, epoch).IsFenced);
        Assert.False(world.Image.Cluster.Find(1)!.IsFenced);
    }

    [Fact]
    public void A_silent_broker_is_fenced_after_its_session_and_what_it_led_moves()
    {
        var world = Three();
        world.Create("t", [1, 2, 3]);
        world.Advance(Duration.FromSeconds(8));
        world.Heartbeat(2, world.Image.Cluster.Find(2)!.Epoch);
        world.Heartbeat(3, world.Image.Cluster.Find(3)!.Epoch);
        Assert.False(world.Image.Cluster.Find(1)!.IsFenced);

        world.Advance(Duration.FromSeconds(1));
        world.Quorum.CommitAll();

        Assert.True(world.Image.Cluster.Find(1)!.IsFenced);
        Assert.Equal(2, world.Partition().Leader);
        Assert.Equal([2, 3], world.Partition().Isr);
        Assert.Equal(1, world.Partition().LeaderEpoch.Value);
    }

    [Fact]
    public void A_broken_connection_shortens_the_session_unless_the_broker_is_heard_again()
    {
        var world = Three();
        world.Requests.ConnectionLost(1);
        world.Requests.ConnectionLost(2);
        world.Advance(Duration.FromMilliseconds(200));
        world.Heartbeat(2, world.Image.Cluster.Find(2)!.Epoch);
        world.Advance(Duration.FromMilliseconds(100));
        world.Quorum.CommitAll();

        Assert.True(world.Image.Cluster.Find(1)!.IsFenced);
        Assert.False(world.Image.Cluster.Find(2)!.IsFenced);
    }

    [Fact]
    public void Two_brokers_whose_sessions_end_at_once_are_both_out()
    {
        var world = Three();
        world.Create("t", [1, 2, 3]);
        world.Heartbeat(3, world.Image.Cluster.Find(3)!.Epoch);
        world.Requests.ConnectionLost(1);
        world.Requests.ConnectionLost(2);
        world.Advance(Duration.FromMilliseconds(300));
        world.Quorum.CommitAll();

        Assert.Equal(3, world.Partition().Leader);
        Assert.Equal([3], world.Partition().Isr);
    }

    [Fact]
    public void Another_life_is_refused_while_the_one_before_is_heard()
    {
        var world = Three();
        Assert.Equal((short)ErrorCode.DuplicateBrokerRegistration, world.Register(1).ErrorCode);

        world.Requests.ConnectionLost(1);

        var second = world.Register(1);
        Assert.Equal(0, second.ErrorCode);
        Assert.True(world.Image.Cluster.Find(1)!.IsFenced);
        Assert.Equal(second.BrokerEpoch, world.Image.Cluster.Find(1)!.Epoch);
    }

    [Fact]
    public void A_new_controller_lets_a_restarted_broker_in_at_once()
    {
        var world = Three();
        world.FailOver(0);
        world.Quorum.CommitAll();

        Assert.Equal(0, world.Register(1).ErrorCode);
        Assert.Equal(
            (short)ErrorCode.StaleBrokerEpoch, world.Heartbeat(1, 0).ErrorCode);
    }

    [Fact]
    public void The_same_life_may_ask_twice()
    {
        var world = new ControllerWorld().Activate();
        var request = world.Registration(1, new Uuid(5, 5), -1, null);
        var first = world.Ask<BrokerRegistrationResponse>(request);
        world.Heartbeat(1, first.BrokerEpoch);

        var second = world.Ask<BrokerRegistrationResponse>(request);

        Assert.Equal(first.BrokerEpoch, second.BrokerEpoch);
        Assert.False(world.Image.Cluster.Find(1)!.IsFenced);
    }

    [Fact]
    public void A_registration_of_another_cluster_or_with_anothers_directory_is_refused()
    {
        var world = Three();
        var foreign = world.Registration(4, new Uuid(5, 5), -1, null);
        foreign.ClusterId = "other";
        var thief = world.Registration(4, new Uuid(5, 5), -1, null);
        thief.LogDirs = [new Uuid(100, 2)];
        var old = world.Registration(4, new Uuid(5, 5), -1, null);
        old.Features.RemoveAll(feature => feature.Name == "metadata.version");

        Assert.Equal((short)ErrorCode.InconsistentClusterId, world.Ask<BrokerRegistrationResponse>(foreign).ErrorCode);
        Assert.Equal((short)ErrorCode.InvalidRegistration, world.Ask<BrokerRegistrationResponse>(thief).ErrorCode);
        Assert.Equal((short)ErrorCode.UnsupportedVersion, world.Ask<BrokerRegistrationResponse>(old).ErrorCode);
    }

    [Theory]
    [InlineData("page-cache", true)]
    [InlineData("page-cache", false)]
    [InlineData("flush", false)]
    public void A_lone_broker_leads_again_after_a_restart(string mode, bool isClean)
    {
        var world = new ControllerWorld().Activate();
        var epoch = world.Join(1);
        world.Create("t", [1], ("durability.mode", mode));
        world.Requests.ConnectionLost(1);

        world.Join(1, isClean ? epoch : -1);

        Assert.Equal(1, world.Partition().Leader);
        Assert.Equal([1], world.Partition().Isr);
        Assert.Equal(2, world.Partition().LeaderEpoch.Value);

        // Only a crash that may have taken acknowledged records makes the election an unclean one.
        Assert.Equal(mode == "page-cache" && !isClean ? 1 : 0, world.Partition().LeaderRecoveryState);
    }

    [Fact]
    public void After_a_crash_a_broker_stays_eligible_where_every_record_was_flushed()
    {
        var world = Three();
        world.Create("page", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "page-cache"));
        world.Create("flush", [1, 2, 3], ("min.insync.replicas", "2"), ("durability.mode", "flush"));
        Silence(world, 1, 2);
        Silence(world, 2, 3);
        Silence(world, 3);
        Assert.Equal([2, 3], Sorted(world.Partition("page").Elr));
        Assert.Equal([2, 3], Sorted(world.Partition("flush").Elr));
        Assert.Empty(world.Partition("page").Isr);

        world.Join(3);

        Assert.Equal((-1, 3), (world.Partition("page").Leader, world.Partition("flush").Leader));
        Assert.Equal([2], world.Partition("page").Elr);
        world.Join(2, world.Image.Cluster.Find(2)!.Epoch);
        Assert.Equal((2, 0), (world.Partition("page").Leader, world.Partition("page").LeaderRecoveryState));
    }

    [Fact]
    public void Controlled_shutdown_moves_leaderships_first_and_ends_when_the_others_know()
    {
        var world = Three();
        world.Create("t", [1, 2, 3]);
        var epoch = world.Image.Cluster.Find(1)!.Epoch;

        var asked = world.Heartbeat(1, epoch, shutDown: true);
        Assert.False(asked.ShouldShutDown);
        Assert.Equal(2, world.Partition().Leader);
        Assert.Equal([2, 3], world.Partition().Isr);
        Assert.False(world.Image.Cluster.Find(1)!.IsFenced);
        Assert.False(world.Heartbeat(1, epoch, shutDown: true).ShouldShutDown);

        world.Heartbeat(2, world.Image.Cluster.Find(2)!.Epoch);
        Assert.False(world.Heartbeat(1, epoch, shutDown: true).ShouldShutDown);
        world.Heartbeat(3, world.Image.Cluster.Find(3)!.Epoch);
        Assert.True(world.Heartbeat(1, epoch, shutDown: true).ShouldShutDown);
        Assert.True(world.Image.Cluster.Find(1)!.IsFenced);
        Assert.True(world.Heartbeat(1, epoch, shutDown: true).ShouldShutDown);
    }

    [Fact]
    public void What_waits_is_refused_when_the_office_is_lost()
    {
        var world = new ControllerWorld().Activate();
        BrokerRegistrationResponse? first = null;
        BrokerRegistrationResponse? second = null;
        world.Requests.Handle(
            ApiKey.BrokerRegistration,
            world.Registration(1, new Uuid(5, 5), -1, null),
            response => first = (BrokerRegistrationResponse)response);
        world.Requests.Handle(
            ApiKey.BrokerRegistration,
            world.Registration(2, new Uuid(5, 6), -1, null),
            response => second = (BrokerRegistrationResponse)response);
        var old = world.Requests;

        world.FailOver(kept: 1);
        world.Quorum.CommitAll();

        Assert.Equal((short)ErrorCode.NotController, first!.ErrorCode);
        Assert.Equal((short)ErrorCode.NotController, second!.ErrorCode);
        Assert.NotNull(world.Image.Cluster.Find(1));
        Assert.Null(world.Image.Cluster.Find(2));
        var late = default(BrokerHeartbeatResponse);
        old.Handle(ApiKey.BrokerHeartbeat, new BrokerHeartbeatRequest(), r => late = (BrokerHeartbeatResponse)r);
        Assert.Equal((short)ErrorCode.NotController, late!.ErrorCode);
    }

    [Fact]
    public void The_fencing_of_a_broker_with_very_many_partitions_is_cut_and_outlives_the_controller()
    {
        var world = Three();
        for (var i = 0; i < 3; i++)
        {
            var topic = new CreateTopicsRequest.CreatableTopic
            {
                Name = FormattableString.Invariant($"t{i}"),
                NumPartitions = 4_000,
                ReplicationFactor = 3,
            };
            world.Decide((view, records) => new Deterministic.Broker.Controller.TopicCreation(view)
                .Decide(new CreateTopicsRequest { Topics = [topic] }, records));
        }

        world.Requests.ConnectionLost(1);
        world.Advance(Duration.FromMilliseconds(300));
        Assert.Equal(2, world.Quorum.Pending);
        world.FailOver(kept: 1);
        world.Quorum.CommitAll();
        Assert.False(world.Image.Cluster.Find(1)!.IsFenced);

        world.Advance(Duration.FromSeconds(9));
        world.Quorum.CommitAll();

        Assert.True(world.Image.Cluster.Find(1)!.IsFenced);
        foreach (var topic in world.Image.Topics.All)
        {
            foreach (var partition in topic.Partitions)
            {
                Assert.NotEqual(1, partition.Leader);
                Assert.DoesNotContain(1, partition.Isr);
            }
        }
    }

    internal static ControllerWorld Three(params (string Name, string Value)[] properties)
    {
        var set = new System.Collections.Generic.SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in properties)
        {
            set.Add(name, value);
        }

        var world = new ControllerWorld(properties: set).Activate();
        world.Join(1);
        world.Join(2);
        world.Join(3);
        return world;
    }

    /// <summary>One broker's session ends, the others' do not.</summary>
    internal static void Silence(ControllerWorld world, int broker, params int[] heard)
    {
        foreach (var other in heard)
        {
            world.Heartbeat(other, world.Image.Cluster.Find(other)!.Epoch);
        }

        world.Requests.ConnectionLost(broker);
        world.Advance(Duration.FromMilliseconds(300));
        world.Quorum.CommitAll();
        Assert.True(world.Image.Cluster.Find(broker)!.IsFenced);
    }

    private static int[] Sorted(int[] values)
    {
        var sorted = (int[])values.Clone();
        Array.Sort(sorted);
        return sorted;
    }
}
