using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Controller;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>Partitions move, and are led by whom they should be.</summary>
public sealed class ReassignmentTests
{
    [Fact]
    public void A_move_ends_when_every_new_replica_is_in_sync_and_not_before()
    {
        var world = Five();
        world.Create("t", [1, 2, 3]);

        Assert.Equal(ErrorCode.None, Move(world, 4, 5, 3).Code);
        Assert.Equal([4, 5, 3, 1, 2], world.Partition().Replicas);
        Assert.Equal([4, 5], world.Partition().AddingReplicas);
        Assert.Equal([1, 2], world.Partition().RemovingReplicas);
        Assert.Equal((1, 0), (world.Partition().Leader, world.Partition().LeaderEpoch.Value));
        Assert.Equal("t-0 4,5,3,1,2", Moving(world));

        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 2, 3, 4));
        Assert.Equal("t-0 4,5,3,1,2", Moving(world));
        var last = world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 2, 3, 4, 5)).Topics[0].Partitions[0];

        // Who asked leads no more.
        Assert.Equal((short)ErrorCode.NewLeaderElected, last.ErrorCode);
        Assert.Equal([4, 5, 3], world.Partition().Replicas);
        Assert.Equal([3, 4, 5], world.Partition().Isr);
        Assert.Equal((4, 1), (world.Partition().Leader, world.Partition().LeaderEpoch.Value));
        Assert.Equal("", Moving(world));
        Assert.Equal(new Deterministic.Primitives.Uuid(100, 5), world.Partition().Directories[1]);
    }

    [Fact]
    public void A_kept_replica_that_is_dead_does_not_hold_a_move_up_but_the_minimum_does()
    {
        var world = Five();
        world.Create("t", [1, 2, 3], ("min.insync.replicas", "2"));
        BrokerLifeTests.Silence(world, 2, 1, 3, 4, 5);
        Move(world, 1, 2, 4);
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 3, 4));
        Assert.Equal([1, 2, 4], world.Partition().Replicas);

        world.Create("u", [3, 2, 1], ("min.insync.replicas", "2"));
        world.Ask<AlterPartitionResponse>(world.IsrChange("u", 3));
        Move(world, "u", 4, 2, 1);
        world.Ask<AlterPartitionResponse>(world.IsrChange("u", 3, 4));
        Assert.Equal([3], world.Partition("u").RemovingReplicas);
        world.Ask<AlterPartitionResponse>(world.IsrChange("u", 3, 4, 1));
        Assert.Equal([4, 2, 1], world.Partition("u").Replicas);
    }

    [Fact]
    public void Fewer_replicas_must_all_be_in_sync()
    {
        var world = Five();
        world.Create("t", [1, 2, 3]);
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 3));
        Move(world, 1, 2);
        Assert.Equal([3], world.Partition().RemovingReplicas);
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 2, 3));
        Assert.Equal([1, 2], world.Partition().Replicas);
        Assert.Equal([1, 2], world.Partition().Isr);
    }

    [Fact]
    public void A_move_is_taken_back_unless_that_would_lose_records()
    {
        var world = Five();
        world.Create("t", [1, 2]);
        Assert.Equal(ErrorCode.NoReassignmentInProgress, Move(world, "t").Code);
        Move(world, 3, 4);
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 3));
        Assert.Equal(ErrorCode.None, Move(world, "t").Code);
        Assert.Equal([1, 2], world.Partition().Replicas);
        Assert.Equal([1], world.Partition().Isr);
        Assert.Equal("", Moving(world));

        Move(world, 3, 4);
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 3));
        BrokerLifeTests.Silence(world, 1, 2, 3, 4, 5);
        Assert.Equal(3, world.Partition().Leader);
        var refused = Move(world, "t");
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, refused.Code);
        Assert.Equal(
            "Unable to revert partition assignment for t:0 because it would require an unclean leader election.",
            refused.Message);
    }

    [Fact]
    public void Wrong_moves_are_refused()
    {
        var world = Five();
        world.Create("t", [1, 2]);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Move(world, "u", 1).Code);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(world, 1, 9).Code);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(world, 1, 1).Code);
        Assert.Equal(
            (ErrorCode.InvalidReplicationFactor, "The replication factor is changed from 2 to 3"),
            Ask(world, "t", mayChange: false, 1, 2, 3));
        Assert.Equal(ErrorCode.None, Move(world, 2, 1).Code);
        Assert.Equal([2, 1], world.Partition().Replicas);
    }

    [Fact]
    public void Preferred_leaders_are_elected_on_demand_and_by_the_clock()
    {
        var world = Five();
        world.Create("t", [1, 2, 3]);
        var epoch = world.Image.Cluster.Find(1)!.Epoch;
        BrokerLifeTests.Silence(world, 1, 2, 3, 4, 5);
        Assert.Equal((ErrorCode.PreferredLeaderNotAvailable, 2), (Elect(world, 0), world.Partition().Leader));

        world.Join(1, epoch);
        Assert.Equal(ErrorCode.PreferredLeaderNotAvailable, Elect(world, 0));
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1, 2, 3));
        Assert.Equal((ErrorCode.None, 1), (Elect(world, 0), world.Partition().Leader));
        Assert.Equal(ErrorCode.ElectionNotNeeded, Elect(world, 0));

        world.Create("u", [2, 3]);
        Move(world, "u", 3, 2);
        Assert.Equal(2, world.Partition("u").Leader);
        for (var second = 0; second < 300; second++)
        {
            foreach (var broker in world.Image.Cluster.Brokers)
            {
                world.Heartbeat(broker.Id, broker.Epoch);
            }

            world.Advance(Deterministic.Primitives.Duration.FromSeconds(1));
            world.Quorum.CommitAll();
        }

        Assert.Equal(3, world.Partition("u").Leader);
    }

    [Fact]
    public void Only_an_unclean_election_brings_a_partition_back_that_lost_all_who_held_it()
    {
        var world = Five();
        world.Create("t", [1, 2, 3]);
        world.Ask<AlterPartitionResponse>(world.IsrChange("t", 1));
        BrokerLifeTests.Silence(world, 1, 2, 3, 4, 5);

        Assert.Equal(-1, world.Partition().Leader);
        Assert.Equal([1], world.Partition().Elr);
        Assert.Equal(ErrorCode.PreferredLeaderNotAvailable, Elect(world, 0));
        Assert.Equal(ErrorCode.None, Elect(world, 1));
        Assert.Equal((2, 1), (world.Partition().Leader, world.Partition().LeaderRecoveryState));
        Assert.Equal(ErrorCode.ElectionNotNeeded, Elect(world, 1));
    }

    [Fact]
    public void An_unregistered_broker_leads_nothing_and_comes_back_as_a_stranger()
    {
        var world = Five();
        world.Create("t", [1, 2], ("durability.mode", "page-cache"));
        var gone = new UnregisterBrokerRequest { BrokerId = 1 };
        Assert.Equal(0, world.Decide((_, r) => BrokerRemoval.Decide(world.Controller, gone, r)).ErrorCode);
        Assert.Equal(2, world.Partition().Leader);
        Assert.Null(world.Image.Cluster.Find(1));
        var again = world.Decide((_, r) => BrokerRemoval.Decide(world.Controller, gone, r));
        Assert.Equal(
            (102, "Broker ID 1 is not currently registered"), (again.ErrorCode, again.ErrorMessage));
    }

    [Fact]
    public void A_broker_is_configured_through_any_other_but_only_one_that_there_is()
    {
        var world = Five();
        Assert.Equal([0, 42], Configure(isAnyBroker: true, 3, 9));
        Assert.Equal([0, 42], Configure(isAnyBroker: false, 1, 3));

        List<int> Configure(bool isAnyBroker, params int[] brokers)
        {
            var request = new IncrementalAlterConfigsRequest();
            foreach (var broker in brokers)
            {
                request.Resources.Add(new IncrementalAlterConfigsRequest.AlterConfigsResource
                {
                    ResourceType = 4,
                    ResourceName = broker.ToString(CultureInfo.InvariantCulture),
                    Configs =
                    [
                        new IncrementalAlterConfigsRequest.AlterableConfig { Name = "log.cleaner.threads", Value = "1" },
                    ],
                });
            }

            return world.Decide((view, records) => new ConfigAlteration(view, isAnyBroker).Decide(request, records))
                .Responses.ConvertAll(response => (int)response.ErrorCode);
        }
    }

    [Fact]
    public void Levels_of_features_change_together_or_not_at_all()
    {
        var world = Five();
        var up = new UpdateFeaturesRequest();
        up.FeatureUpdates.Add(new UpdateFeaturesRequest.FeatureUpdateKey
        {
            Feature = "transaction.version", MaxVersionLevel = 1, UpgradeType = 2,
        });
        up.FeatureUpdates.Add(new UpdateFeaturesRequest.FeatureUpdateKey
        {
            Feature = "group.version", MaxVersionLevel = 9, UpgradeType = 1,
        });
        var refused = world.Decide((view, r) => new FeatureUpdate(view, () => null).Decide(up, 2, r));
        Assert.Equal((short)ErrorCode.InvalidUpdateVersion, refused.ErrorCode);
        Assert.Equal(
            "The update failed for all features since the following feature had an error: Invalid update version 9 for "
            + "feature group.version. Local controller 1 only supports versions 0-1",
            refused.ErrorMessage);
        Assert.Equal(2, world.Image.Features.LevelOf("transaction.version"));

        up.FeatureUpdates.RemoveAt(1);
        Assert.Equal(0, world.Decide((view, r) => new FeatureUpdate(view, () => null).Decide(up, 2, r)).ErrorCode);
        Assert.Equal(1, world.Image.Features.LevelOf("transaction.version"));
    }

    [Fact]
    public void A_broker_says_where_its_replicas_lie()
    {
        var world = Five();
        world.Create("t", [1, 2]);
        var elsewhere = new Deterministic.Primitives.Uuid(200, 2);
        var topic = new AssignReplicasToDirsRequest.TopicData { TopicId = world.Image.Topics.Find("t")!.Id };
        topic.Partitions.Add(new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = 0 });
        topic.Partitions.Add(new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = 7 });
        var request = new AssignReplicasToDirsRequest
        {
            BrokerId = 2,
            BrokerEpoch = world.Image.Cluster.Find(2)!.Epoch,
            Directories = [new AssignReplicasToDirsRequest.DirectoryData { Id = elsewhere, Topics = [topic] }],
        };

        var answer = world.Ask<AssignReplicasToDirsResponse>(request).Directories[0].Topics[0].Partitions;
        Assert.Equal([0, 3], answer.ConvertAll(partition => (int)partition.ErrorCode));
        Assert.Equal(elsewhere, world.Partition().Directories[1]);
        request.BrokerId = 3;
        Assert.Equal((short)ErrorCode.StaleBrokerEpoch, world.Ask<AssignReplicasToDirsResponse>(request).ErrorCode);
    }

    private static ControllerWorld Five()
    {
        var world = BrokerLifeTests.Three();
        world.Join(4);
        world.Join(5);
        return world;
    }

    private static (ErrorCode Code, string? Message) Move(ControllerWorld world, params int[] target) =>
        Ask(world, "t", mayChange: true, target);

    private static (ErrorCode Code, string? Message) Move(ControllerWorld world, string topic, params int[] target) =>
        Ask(world, topic, mayChange: true, target);

    /// <summary>No target at all takes the move back.</summary>
    private static (ErrorCode Code, string? Message) Ask(
        ControllerWorld world, string topic, bool mayChange, params int[] target)
    {
        var partition = new AlterPartitionReassignmentsRequest.ReassignablePartition
        {
            Replicas = target.Length == 0 ? null : new List<int>(target),
        };
        var request = new AlterPartitionReassignmentsRequest { AllowReplicationFactorChange = mayChange };
        request.Topics.Add(new AlterPartitionReassignmentsRequest.ReassignableTopic
        {
            Name = topic,
            Partitions = [partition],
        });
        var answer = world.Decide((view, records) => new Reassignment(view).Decide(request, records));
        return ((ErrorCode)answer.Responses[0].Partitions[0].ErrorCode, answer.Responses[0].Partitions[0].ErrorMessage);
    }

    private static string Moving(ControllerWorld world)
    {
        var text = new List<string>();
        foreach (var topic in Reassignment.List(world.Image, new ListPartitionReassignmentsRequest()).Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                text.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{topic.Name}-{partition.PartitionIndex} {string.Join(',', partition.Replicas)}"));
            }
        }

        return string.Join('\n', text);
    }

    internal static ErrorCode Elect(ControllerWorld world, sbyte type)
    {
        var request = new ElectLeadersRequest
        {
            ElectionType = type,
            TopicPartitions = [new() { Topic = "t", Partitions = [0] }],
        };
        var answer = world.Decide((view, records) => new LeaderElection(view).Decide(request, records));
        return (ErrorCode)answer.ReplicaElectionResults[0].PartitionResult[0].ErrorCode;
    }
}
