using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>Every check of AlterPartition, in the order that matters.</summary>
public sealed class AlterPartitionTests
{
    [Fact]
    public void A_leader_shrinks_and_expands_its_isr()
    {
        var world = World();

        var shrunk = Ask(world, world.IsrChange("t", 1, 2));
        Assert.Equal((ErrorCode.None, 1), (Code(shrunk), shrunk.PartitionEpoch));
        Assert.Equal([1, 2], shrunk.Isr);
        Assert.Equal([1, 2], world.Partition().Isr);

        var grown = Ask(world, world.IsrChange("t", 1, 2, 3));
        Assert.Equal([1, 2, 3], grown.Isr);
        Assert.Equal((0, 2), (grown.LeaderEpoch, grown.PartitionEpoch));
    }

    [Fact]
    public void A_request_from_the_future_is_never_refused_as_wrong()
    {
        var world = World();
        var ahead = world.IsrChange("t", 1, 2);
        ahead.Topics[0].Partitions[0].LeaderEpoch++;
        var later = world.IsrChange("t", 1, 2);
        later.Topics[0].Partitions[0].PartitionEpoch++;

        Assert.Equal(ErrorCode.NotController, Code(Ask(world, ahead)));
        Assert.Equal(ErrorCode.NotController, Code(Ask(world, later)));
    }

    [Fact]
    public void What_was_done_already_is_answered_as_done_and_what_is_outdated_is_not_done()
    {
        var world = World();
        var shrink = world.IsrChange("t", 1, 2);
        var other = world.IsrChange("t", 1, 3);
        Ask(world, shrink);

        var repeated = Ask(world, shrink);
        Assert.Equal((ErrorCode.None, 1), (Code(repeated), repeated.PartitionEpoch));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Code(Ask(world, other)));
        Assert.Equal([1, 2], world.Partition().Isr);
    }

    [Fact]
    public void Old_leaders_and_strangers_are_fenced()
    {
        var world = World();
        var old = world.IsrChange("t", 1);
        var asStranger = world.IsrChange("t", 1, 2);
        asStranger.BrokerId = 2;
        asStranger.BrokerEpoch = world.Image.Cluster.Find(2)!.Epoch;
        var stale = world.IsrChange("t", 1, 2);
        stale.BrokerEpoch--;
        Assert.Equal(ErrorCode.InvalidRequest, Code(Ask(world, asStranger)));
        Assert.Equal(
            (short)ErrorCode.StaleBrokerEpoch, world.Ask<AlterPartitionResponse>(stale).ErrorCode);

        BrokerLifeTests.Silence(world, 1, 2, 3);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, Code(Ask(world, old)));
    }

    [Fact]
    public void No_fenced_broker_and_no_other_life_of_one_comes_in()
    {
        var world = World();
        Ask(world, world.IsrChange("t", 1, 2));
        var before = world.IsrChange("t", 1, 2, 3);
        BrokerLifeTests.Silence(world, 3, 1, 2);
        Assert.Equal(ErrorCode.IneligibleReplica, Code(Ask(world, before)));

        // Delivered once more, it is outdated for good, even if the replica becomes eligible.
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Code(Ask(world, before)));
        world.Join(3);
        var otherLife = world.IsrChange("t", 1, 2, 3);
        otherLife.Topics[0].Partitions[0].NewIsrWithEpochs[2].BrokerEpoch--;

        Assert.Equal(ErrorCode.IneligibleReplica, Code(Ask(world, otherLife)));
        Assert.Equal(ErrorCode.None, Code(Ask(world, world.IsrChange("t", 1, 2, 3))));
    }

    [Theory]
    [InlineData(new[] { 2, 3 })]
    [InlineData(new[] { 1, 1 })]
    [InlineData(new[] { 1, 4 })]
    [InlineData(new int[0])]
    public void An_isr_is_a_set_of_replicas_with_the_leader(int[] isr)
    {
        var world = World();
        world.Join(4);
        Assert.Equal(ErrorCode.InvalidRequest, Code(Ask(world, world.IsrChange("t", isr))));
    }

    [Fact]
    public void A_leader_elected_uncleanly_recovers_alone()
    {
        var world = BrokerLifeTests.Three();
        world.Create("t", [1, 2], ("unclean.leader.election.enable", "true"), ("durability.mode", "page-cache"));
        BrokerLifeTests.Silence(world, 2, 1, 3);
        BrokerLifeTests.Silence(world, 1, 3);
        world.Join(2);
        Assert.Equal((2, 1), (world.Partition().Leader, world.Partition().LeaderRecoveryState));
        world.Join(1);

        Assert.Equal(ErrorCode.InvalidRequest, Code(Ask(world, world.IsrChange("t", 2, 1))));
        var recovered = world.IsrChange("t", 2);
        recovered.Topics[0].Partitions[0].LeaderRecoveryState = 0;
        Assert.Equal(ErrorCode.None, Code(Ask(world, recovered)));
        Assert.Equal(0, world.Partition().LeaderRecoveryState);
        Assert.Equal(ErrorCode.None, Code(Ask(world, world.IsrChange("t", 2, 1))));
    }

    [Fact]
    public void Producer_ids_are_given_once()
    {
        var world = BrokerLifeTests.Three();
        var epoch = world.Image.Cluster.Find(1)!.Epoch;
        var request = new AllocateProducerIdsRequest { BrokerId = 1, BrokerEpoch = epoch };
        Assert.Equal(0, world.Ask<AllocateProducerIdsResponse>(request).ProducerIdStart);
        var second = world.Ask<AllocateProducerIdsResponse>(request);
        Assert.Equal((1000, 1000), (second.ProducerIdStart, second.ProducerIdLen));
        request.BrokerEpoch--;
        Assert.Equal(
            (short)ErrorCode.StaleBrokerEpoch, world.Ask<AllocateProducerIdsResponse>(request).ErrorCode);
    }

    private static ControllerWorld World()
    {
        var world = BrokerLifeTests.Three();
        world.Create("t", [1, 2, 3]);
        return world;
    }

    private static AlterPartitionResponse.PartitionData Ask(ControllerWorld world, AlterPartitionRequest request) =>
        world.Ask<AlterPartitionResponse>(request).Topics[0].Partitions[0];

    private static ErrorCode Code(AlterPartitionResponse.PartitionData answer) => (ErrorCode)answer.ErrorCode;
}
