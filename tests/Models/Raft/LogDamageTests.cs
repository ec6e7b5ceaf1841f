using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker.Raft;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Tests.Models.Metadata;
using Xunit;

namespace Deterministic.Tests.Models.Raft;

/// <summary>A metadata log that the disk spoiled: a member must not vote as if what it had acknowledged had never been.</summary>
public sealed class LogDamageTests
{
    private const string Directory = "__cluster_metadata-0/";

    private static readonly SnapshotLimits SmallSegments = new() { BytesBetween = int.MaxValue, SegmentBytes = 700 };

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_voter_whose_rolled_segments_are_damaged_is_refused_and_nothing_is_cut(int segment)
    {
        var world = Filled();
        var path = Segments(world.Disk)[segment];
        var bytes = world.Disk.Content(path)!;
        bytes[bytes.Length / 2] ^= 1;
        world.Disk.Place(path, bytes);
        var before = Segments(world.Disk).ConvertAll(name => world.Disk.Content(name)!.Length);

        for (var life = 0; life < 2; life++)
        {
            world.Restart(powerLoss: life == 1);
            Assert.False(world.IsUp);
            Assert.Contains("replace this voter", world.Cluster.Refusal, StringComparison.Ordinal);
        }

        Assert.Equal(before, Segments(world.Disk).ConvertAll(name => world.Disk.Content(name)!.Length));
    }

    [Fact]
    public void A_voter_that_has_lost_a_rolled_segment_is_refused()
    {
        var world = Filled();
        var spare = new SimulatedDisk(new DiskOptions(), new Deterministic.Primitives.Prng(1));
        var lost = Segments(world.Disk)[1];
        foreach (var (path, _) in world.Disk.Files)
        {
            if (path != lost)
            {
                spare.Place(path, world.Disk.Content(path));
            }
        }

        var late = new MetadataWorld(disk: spare, snapshots: SmallSegments).Start();

        Assert.False(late.IsUp);
        Assert.Contains("replace this voter", late.Cluster.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_torn_tail_is_cut_as_ever()
    {
        var world = Filled();
        var path = Segments(world.Disk)[^1];
        Assert.NotEmpty(world.Disk.Content(path)!);
        world.Disk.Place(path, world.Disk.Content(path).AsSpan()[..^3]);

        world.Restart(powerLoss: false);

        Assert.True(world.IsUp, world.Cluster.Refusal);
    }

    private static MetadataWorld Filled()
    {
        var world = new MetadataWorld(snapshots: SmallSegments).Start();
        for (var i = 0; i < 20; i++)
        {
            world.Create(MetadataWorld.Topic("t" + i, 1 + (i % 3)));
        }

        Assert.True(Segments(world.Disk).Count > 4);
        return world;
    }

    private static List<string> Segments(SimulatedDisk disk) =>
        [.. disk.Files.Select(file => file.Key).Where(path =>
            path.StartsWith(Directory, StringComparison.Ordinal) && path.EndsWith(".log", StringComparison.Ordinal))];
}
