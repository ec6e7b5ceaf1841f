using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker.Coordinators;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Groups;

/// <summary>Properties of the group coordinator under any order of requests, time, commits and crashes.</summary>
public sealed class GroupModelTests
{
    [Property(MaxTest = 150, EndSize = 400)]
    public void Whatever_happens_promises_are_kept_and_replay_equals_life(byte[] script) =>
        new GroupHistory().Play(script);

    /// <summary>Long random lives from seeds, since generated scripts are short on average.</summary>
    [Theory]
    [InlineData(1, 30)]
    [InlineData(1_000, 30)]
    public void Long_lives_keep_the_same_promises(ulong firstSeed, int count)
    {
        for (var seed = firstSeed; seed < firstSeed + (ulong)count; seed++)
        {
            var script = new byte[1_200];
            new Prng(seed).Fill(script);
            try
            {
                new GroupHistory().Play(script);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(FormattableString.Invariant($"seed {seed}"), e);
            }
        }
    }

    [Property(MaxTest = 100)]
    public void Loading_does_not_mind_gaps_in_the_offsets(bool[] drops)
    {
        var world = new GroupWorld(new GroupConfig());
        for (var i = 0; i < 20; i++)
        {
            Commit(world, $"g{i % 5}", i);
        }

        world.Commit();
        world.MoveTo(world.Log.WithGaps(i => i < drops.Length && drops[i]));

        Assert.Equal(CoordinatorShardState.Active, world.Shard.State);
        var kept = Enumerable.Range(0, 20).Where(i => i >= drops.Length || !drops[i]).ToList();
        foreach (var group in kept.Select(i => i % 5).Distinct())
        {
            var last = kept.Last(i => i % 5 == group);
            Assert.Equal(last, world.Machine.Fold.Find($"g{group}", "t", 0)!.Offset);
        }
    }

    [Fact]
    public void While_the_log_is_read_nobody_is_served_and_then_everybody()
    {
        var world = new GroupWorld(new GroupConfig());
        Commit(world, "g", 7);
        world.Commit();
        var log = world.Log.AfterCrash(0);
        log.HoldsReads = true;
        world.MoveTo(log);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, world.Coordinator.Find("g", out _));
        Assert.Empty(world.Coordinator.Active(out var isLoading));
        Assert.True(isLoading);

        log.HeldReads.Dequeue().Complete();

        Assert.Equal(ErrorCode.None, world.Coordinator.Find("g", out var machine));
        Assert.Equal(7, machine.Fold.Find("g", "t", 0)!.Offset);
    }

    [Fact]
    public void A_load_that_is_no_longer_wanted_changes_nothing()
    {
        var world = new GroupWorld(new GroupConfig());
        Commit(world, "g", 7);
        world.Commit();
        var log = world.Log.AfterCrash(0);
        log.HoldsReads = true;
        world.MoveTo(log);
        var abandoned = world.Shard;
        world.MoveTo(world.Log.AfterCrash(0));
        log.HeldReads.Dequeue().Complete();

        Assert.Equal(CoordinatorShardState.Unloaded, abandoned.State);
        Assert.Equal(ErrorCode.None, world.Coordinator.Find("g", out _));
    }

    [Fact]
    public void A_commit_of_which_nothing_is_stored_makes_a_group_that_is_not_shown()
    {
        var world = new GroupWorld(new GroupConfig { OffsetMetadataMaxBytes = 3 });
        Commit(world, "g", 7, "long");
        Assert.False(world.Machine.IsSeen("g"));
        Commit(world, "g", 7, "\u00fcml");
        Assert.True(world.Machine.IsSeen("g"));
        Assert.NotNull(world.Group("g"));
    }

    /// <summary>Each pair computed by Java's own String.hashCode.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("g1", 3242)]
    [InlineData("console-consumer-12345", 158455506)]
    [InlineData("polygenelubricants", int.MinValue)]
    [InlineData("gr\u00fcn\ud83d\ude00", -1231497408)]
    public void Java_and_we_agree_on_the_hash_of_a_string(string text, int hash) =>
        Assert.Equal(hash, JavaHash.Of(text));

    [Fact]
    public void The_hash_without_an_absolute_value_means_partition_zero() =>
        Assert.Equal(0, JavaHash.PartitionFor("polygenelubricants", 50));

    private static void Commit(GroupWorld world, string groupId, int offset, string metadata = "")
    {
        var request = new OffsetCommitRequest { GroupId = groupId };
        var topic = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "t" };
        topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
        {
            CommittedOffset = offset,
            CommittedMetadata = metadata,
        });
        request.Topics.Add(topic);
        world.Commit(request, 9, _ => { });
    }
}
