using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Tests.Models.Metadata;
using Xunit;

namespace Deterministic.Tests.Models.Raft;

/// <summary>Snapshots that the disk spoiled, and the one that a format tool wrote.</summary>
public sealed class SnapshotDamageTests
{
    private const string Directory = "__cluster_metadata-0";

    /// <summary>Many snapshots, and the whole log beside them.</summary>
    private static readonly SnapshotLimits Kept = new() { BytesBetween = 500, SegmentBytes = 700 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(int.MaxValue)]
    public void An_older_snapshot_and_the_log_do_as_well(int damaged)
    {
        var world = Filled();
        var before = ImageText.Of(world.Image);
        var spoiled = Spoil(world.Disk, damaged);

        world.Restart(powerLoss: false);

        Assert.True(world.IsUp, world.Cluster.Refusal);
        Assert.Equal(before, ImageText.Of(world.Image));
        Assert.NotEmpty(spoiled);
        foreach (var (path, bytes) in spoiled)
        {
            Assert.Null(world.Disk.Content(path));
            Assert.Equal(bytes, world.Disk.Content(path + ".damaged"));
        }

        world.Restart(powerLoss: true);
        Assert.Equal(before, ImageText.Of(world.Image));
    }

    /// <summary>It has acknowledged what the snapshot held: with less it could help to elect a leader without it.</summary>
    [Fact]
    public void A_log_that_ends_before_what_the_snapshot_held_is_not_enough_for_ever()
    {
        var world = Filled();
        var early = new SimulatedDisk(new DiskOptions(), new Prng(1));
        foreach (var (path, _) in world.Disk.Files)
        {
            early.Place(path, world.Disk.Content(path));
        }

        world.Create(MetadataWorld.Topic("late", 20));
        world.Create(MetadataWorld.Topic("later", 20));
        var newest = Snapshots(world.Disk)[^1].PathIn(Directory);
        early.Place(newest, world.Disk.Content(newest).AsSpan()[..^3]);

        var late = new MetadataWorld(disk: early, snapshots: Kept).Start();

        Assert.False(late.IsUp);
        Assert.Contains(newest + " is damaged", late.Cluster.Refusal, StringComparison.Ordinal);
        late.Restart(powerLoss: false);
        Assert.False(late.IsUp);
        Assert.NotNull(early.Content(newest));
    }

    [Fact]
    public void A_directory_formatted_for_a_quorum_of_one_names_its_voter()
    {
        var world = Formatted(new Voter(1, new Uuid(7, 7), "here", 9093));

        Assert.True(world.IsUp, world.Cluster.Refusal);
        Assert.Equal([new Voter(1, new Uuid(7, 7), "here", 9093)], world.Cluster.Quorum.Voters.All);
        Assert.Equal(1, world.Image.Features.LevelOf("kraft.version"));
        Assert.NotNull(world.Create(MetadataWorld.Topic("alone")));

        // The log says it too by now: the file is not needed any more.
        Spoil(world.Disk, 1);
        world.Restart(powerLoss: true);
        Assert.True(world.IsUp, world.Cluster.Refusal);
        Assert.Equal(new Uuid(7, 7), Assert.Single(world.Cluster.Quorum.Voters.All).DirectoryId);
    }

    [Fact]
    public void A_voter_named_with_another_waits_for_it_and_a_spoiled_list_is_refused()
    {
        var world = Formatted(new Voter(1, new Uuid(7, 7), "here", 9093), new Voter(2, new Uuid(8, 8), "there", 9093));

        Assert.Equal(2, world.Cluster.Quorum.Voters.All.Count);
        Assert.False(world.Cluster.Quorum.IsActive);

        Spoil(world.Disk, 1);
        world.Restart(powerLoss: false);
        Assert.Contains("damaged", world.Cluster.Refusal, StringComparison.Ordinal);
    }

    private static MetadataWorld Formatted(params Voter[] voters)
    {
        var disk = new SimulatedDisk(new DiskOptions(), new Prng(1));
        disk.Place(MetaProperties.FileName, new MetaProperties(new Uuid(1, 1), 1, new Uuid(7, 7)).ToBytes());
        disk.Place(FirstSnapshot.Path, FirstSnapshot.Of(new VoterSet(voters), 1_700_000_000_000));
        return new MetadataWorld(disk: disk).Start();
    }

    private static MetadataWorld Filled()
    {
        var world = new MetadataWorld(snapshots: Kept).Start();
        for (var i = 0; i < 20; i++)
        {
            world.Create(MetadataWorld.Topic("t" + i, 1 + (i % 3)));
        }

        return world;
    }

    private static SortedDictionary<string, byte[]> Spoil(SimulatedDisk disk, int count)
    {
        var spoiled = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var id in Enumerable.Reverse(Snapshots(disk)).Take(count))
        {
            var path = id.PathIn(Directory);
            var bytes = disk.Content(path)!;
            bytes[^20] ^= 1;
            disk.Place(path, bytes);
            spoiled.Add(path, bytes);
        }

        return spoiled;
    }

    private static List<SnapshotId> Snapshots(SimulatedDisk disk)
    {
        var ids = new List<SnapshotId>();
        foreach (var (path, _) in disk.Files)
        {
            if (SnapshotId.TryParse(path, out var id))
            {
                ids.Add(id);
            }
        }

        ids.Sort((left, right) => left.CompareTo(right));
        return ids;
    }
}
