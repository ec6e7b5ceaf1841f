using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Tests.Models.Metadata;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Raft;

/// <summary>
/// Snapshots of a quorum of one, on a disk that can lose what was not flushed: they are taken all the time, the log is cut
/// behind them, and nothing that was answered is missed.
/// </summary>
public sealed class SnapshotTests
{
    private static readonly SnapshotLimits Tiny = new()
    {
        BytesBetween = 500,
        RetentionBytes = 4000,
        SegmentBytes = 700,
    };

    [Property(MaxTest = 60)]
    public void What_was_answered_survives_any_crash_by_snapshot_and_log(ulong seed, byte[] moves)
    {
        var world = new MetadataWorld(seed, snapshots: Tiny).Start();
        var living = new SortedSet<string>(StringComparer.Ordinal);
        var uncertain = new SortedSet<string>(StringComparer.Ordinal);
        var next = 0;
        foreach (var move in moves)
        {
            if (move % 7 == 6)
            {
                world.Restart(powerLoss: move % 2 == 0);
                Assert.True(world.IsUp, world.Cluster.Refusal);
                foreach (var name in uncertain)
                {
                    Change(living, name, world.Image.Topics.Find(name) is not null);
                }

                uncertain.Clear();
                Assert.Equal(living, world.Image.Topics.All.Select(topic => topic.Name));
                AssertCovered(world.Disk);
                continue;
            }

            var isNew = living.Count < 3 || move % 3 > 0;
            var topic = isNew ? "t" + next++ : living.Except(uncertain).FirstOrDefault() ?? "none";
            uncertain.Add(topic);
            Submit(world, topic, isNew, () =>
            {
                uncertain.Remove(topic);
                Change(living, topic, isNew);
            });
            world.Run(move % 11);
        }
    }

    [Fact]
    public void The_log_begins_at_a_snapshot_and_the_image_is_the_same_after_a_start()
    {
        var world = Filled(40);
        var before = ImageText.Of(world.Image);
        var offset = world.Image.LastOffset;
        var snapshots = Snapshots(world.Disk);
        var firstLog = Logs(world.Disk).First();

        world.Restart(powerLoss: true);

        Assert.NotEmpty(snapshots);
        Assert.True(firstLog > 0, "the log was never shortened");
        Assert.True(snapshots[0].EndOffset >= firstLog);
        Assert.Equal(before, ImageText.Of(world.Image));
        Assert.True(world.Image.LastOffset >= offset);
    }

    [Fact]
    public void What_a_crash_left_half_written_is_ignored_and_deleted()
    {
        var world = Filled(10);
        const string Part = "__cluster_metadata-0/00000000000000009999-0000000001.checkpoint.part";
        const string Gone = "__cluster_metadata-0/00000000000000000001-0000000001.checkpoint.deleted";
        world.Disk.Place(Part, "half"u8);
        world.Disk.Place(Gone, "old"u8);

        world.Restart(powerLoss: false);

        Assert.True(world.IsUp, world.Cluster.Refusal);
        Assert.Null(world.Disk.Content(Part));
        Assert.Null(world.Disk.Content(Gone));
    }

    /// <summary>Files whose names say that they are whole and that are not: the disk lied, and nothing is guessed.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_snapshot_without_its_end_is_refused(bool isCutAtBatch)
    {
        var world = Filled(30);
        foreach (var snapshot in Snapshots(world.Disk))
        {
            var path = snapshot.PathIn("__cluster_metadata-0");
            var bytes = world.Disk.Content(path)!;

            // The footer's batch has one record and is the last.
            world.Disk.Place(path, bytes.AsSpan(0, bytes.Length - (isCutAtBatch ? FooterBytes(bytes) : 3)));
        }

        world.Restart(powerLoss: false);

        Assert.False(world.IsUp);
        Assert.Contains("damaged", world.Cluster.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_begins_behind_its_snapshots_is_refused()
    {
        var world = Filled(60);
        var disk = new SimulatedDisk(new DiskOptions(), new Prng(1));
        foreach (var (path, _) in world.Disk.Files)
        {
            if (!path.Contains(".checkpoint", StringComparison.Ordinal))
            {
                disk.Place(path, world.Disk.Content(path));
            }
        }

        var without = new MetadataWorld(disk: disk, snapshots: Tiny).Start();

        Assert.False(without.IsUp);
        Assert.Contains("snapshot", without.Cluster.Refusal, StringComparison.Ordinal);
    }

    /// <summary>Ten thousand partitions are written piece by piece, and the node answers between the pieces.</summary>
    [Fact]
    public void A_large_snapshot_does_not_stop_the_controller()
    {
        var world = new MetadataWorld(snapshots: new SnapshotLimits { BytesBetween = 900_000 }).Start();
        for (var i = 0; i < 10; i++)
        {
            world.Create(MetadataWorld.Topic("big" + i, 1000));
        }

        Assert.Empty(Snapshots(world.Disk));
        var answeredBefore = 0;
        for (var i = 0; i < 3000 && Snapshots(world.Disk).Count == 0; i++)
        {
            var isAnswered = false;
            Submit(world, "small" + i, isNew: true, () => isAnswered = true);
            while (!isAnswered)
            {
                world.Run(1);
            }

            answeredBefore += Parts(world.Disk) ? 1 : 0;
        }

        Assert.NotEmpty(Snapshots(world.Disk));
        Assert.True(answeredBefore > 0, "nothing was answered while the snapshot was being written");
    }

    /// <summary>A crash between the name of a fetched snapshot and the end of the old log.</summary>
    [Fact]
    public void A_log_that_ends_before_the_newest_snapshot_begins_anew_behind_it()
    {
        var world = Filled(3);
        var disk = new SimulatedDisk(new DiskOptions(), new Prng(1));
        foreach (var (path, _) in world.Disk.Files)
        {
            disk.Place(path, world.Disk.Content(path));
        }

        for (var i = 3; i < 30; i++)
        {
            world.Create(MetadataWorld.Topic("t" + i, 2));
        }

        var newest = Snapshots(world.Disk)[^1];
        disk.Place(newest.PathIn("__cluster_metadata-0"), world.Disk.Content(newest.PathIn("__cluster_metadata-0")));
        var late = new MetadataWorld(disk: disk, snapshots: Tiny).Start();

        Assert.True(late.IsUp, late.Cluster.Refusal);
        Assert.True(Logs(disk).First() >= newest.EndOffset);
        Assert.True(late.Image.LastOffset > newest.EndOffset);
        Assert.NotNull(late.Image.Topics.Find("t20"));
        late.Restart(powerLoss: true);
        Assert.NotNull(late.Image.Topics.Find("t20"));
    }

    [Property(MaxTest = 30)]
    public void The_leader_gives_a_snapshot_away_piece_by_piece(ulong seed)
    {
        var prng = new Prng(seed);
        var world = Filled(10);
        var id = Snapshots(world.Disk)[^1];
        var got = new List<byte>();
        long size;
        do
        {
            var answer = Fetch(world, id, got.Count, 1 + prng.Next(1500));
            Assert.Equal(0, answer.ErrorCode);
            Assert.Equal(got.Count, answer.Position);
            var slice = answer.UnalignedRecords.Slice;
            var bytes = new byte[slice.Length];
            world.Disk.ReadSlice(slice, bytes);
            got.AddRange(bytes);
            size = answer.Size;
        }
        while (got.Count < size);

        Assert.Equal(world.Disk.Content(id.PathIn("__cluster_metadata-0")), got.ToArray());
    }

    [Fact]
    public void Questions_for_no_snapshot_get_Kafkas_errors()
    {
        var world = Filled(10);
        var id = Snapshots(world.Disk)[^1];
        var size = world.Disk.Content(id.PathIn("__cluster_metadata-0"))!.Length;
        var epoch = world.Cluster.Quorum.Epoch;

        Assert.Equal(98, Fetch(world, id with { EndOffset = id.EndOffset + 1 }, 0).ErrorCode);
        Assert.Equal(98, Fetch(world, default, 0).ErrorCode);
        Assert.Equal(99, Fetch(world, id, size).ErrorCode);
        Assert.Equal(99, Fetch(world, id, -1).ErrorCode);
        Assert.Equal(74, Fetch(world, id, 0, epoch: epoch - 1).ErrorCode);
        Assert.Equal(75, Fetch(world, id, 0, epoch: epoch + 1).ErrorCode);
        Assert.Equal(3, Fetch(world, id, 0, topic: "orders").ErrorCode);
        FetchSnapshotResponse? other = null;
        world.Cluster.Quorum.Requests.FetchSnapshot(
            new FetchSnapshotRequest { ClusterId = "another" }, answer => other = answer);
        Assert.Equal(104, other!.ErrorCode);
    }

    [KafkaFact]
    public void Kafkas_own_tools_read_our_snapshot()
    {
        var world = Filled(12);
        var folder = Directory.CreateTempSubdirectory("deterministic").FullName;
        var id = Snapshots(world.Disk)[^1];
        var file = Path.Combine(folder, Path.GetFileName(id.PathIn("d")));
        File.WriteAllBytes(file, world.Disk.Content(id.PathIn("__cluster_metadata-0"))!);

        var dump = Java("org.apache.kafka.tools.DumpLogSegments", "--cluster-metadata-decoder", "--files", file);
        var shell = "";
        for (var asked = 0; asked < 5 && !shell.Contains("t1", StringComparison.Ordinal); asked++)
        {
            // The shell waits until the file is read, not until it is its image: on a busy machine it lists too early.
            shell = Java("org.apache.kafka.shell.MetadataShell", "--snapshot", file, "ls", "/image/topics/byName");
        }

        Directory.Delete(folder, recursive: true);

        Assert.DoesNotContain("isvalid: false", dump, StringComparison.Ordinal);
        foreach (var expected in new[]
        {
            "SnapshotHeader", "KRaftVoters", "SnapshotFooter", "\"type\":\"REGISTER_BROKER_RECORD\",\"version\":4",
            "\"type\":\"PARTITION_RECORD\",\"version\":2", "\"name\":\"metadata.version\",\"featureLevel\":30",
        })
        {
            Assert.Contains(expected, dump, StringComparison.Ordinal);
        }

        Assert.Contains("t1", shell, StringComparison.Ordinal);
    }

    private static FetchSnapshotResponse.PartitionSnapshot Fetch(
        MetadataWorld world,
        SnapshotId id,
        long position,
        int maxBytes = 100,
        int epoch = -1,
        string topic = "__cluster_metadata")
    {
        var request = new FetchSnapshotRequest
        {
            ReplicaId = 2,
            MaxBytes = maxBytes,
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions =
                    [
                        new()
                        {
                            CurrentLeaderEpoch = epoch < 0 ? world.Cluster.Quorum.Epoch : epoch,
                            SnapshotId = new() { EndOffset = id.EndOffset, Epoch = id.Epoch },
                            Position = position,
                        },
                    ],
                },
            ],
        };
        FetchSnapshotResponse? got = null;
        world.Cluster.Quorum.Requests.FetchSnapshot(request, answer => got = answer);
        return got!.Topics[0].Partitions[0];
    }

    private static MetadataWorld Filled(int topics)
    {
        var world = new MetadataWorld(snapshots: Tiny).Start();
        for (var i = 0; i < topics; i++)
        {
            world.Create(MetadataWorld.Topic("t" + i, 1 + (i % 3), 1, ("retention.ms", "10")));
        }

        return world;
    }

    private static void Submit(MetadataWorld world, string topic, bool isNew, Action whenDone)
    {
        var view = world.Cluster.Controller.View;
        if (isNew)
        {
            world.Submit(
                records => new TopicCreation(view).Decide(
                    new CreateTopicsRequest { Topics = [MetadataWorld.Topic(topic, 2)] }, records),
                _ => whenDone());
        }
        else
        {
            world.Submit(
                records => new TopicDeletion(view).Decide(new DeleteTopicsRequest { TopicNames = [topic] }, 5, records),
                _ => whenDone());
        }
    }

    private static void Change(SortedSet<string> set, string name, bool isThere)
    {
        if (isThere)
        {
            set.Add(name);
        }
        else
        {
            set.Remove(name);
        }
    }

    /// <summary>A log that begins behind offset 0 is covered by a snapshot (RAFT-11).</summary>
    private static void AssertCovered(SimulatedDisk disk)
    {
        var start = Logs(disk).First();
        Assert.True(start == 0 || Snapshots(disk).Any(id => id.EndOffset >= start));
    }

    private static List<SnapshotId> Snapshots(SimulatedDisk disk)
    {
        var found = new List<SnapshotId>();
        foreach (var (path, _) in disk.Files)
        {
            if (SnapshotId.TryParse(path, out var id))
            {
                found.Add(id);
            }
        }

        return found;
    }

    private static bool Parts(SimulatedDisk disk) =>
        disk.Files.Any(file => file.Key.EndsWith(".checkpoint.part", StringComparison.Ordinal));

    private static IEnumerable<long> Logs(SimulatedDisk disk) =>
        from file in disk.Files
        where file.Key.StartsWith("__cluster", StringComparison.Ordinal) && file.Key.EndsWith(".log", StringComparison.Ordinal)
        select long.Parse(Path.GetFileNameWithoutExtension(file.Key), System.Globalization.CultureInfo.InvariantCulture);

    private static int FooterBytes(byte[] file)
    {
        var at = 0;
        var last = 0;
        while (at < file.Length)
        {
            last = at;
            at += 12 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at + 8));
        }

        return file.Length - last;
    }

    private static string Java(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo("java")
        {
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "-Xmx192m", "-XX:TieredStopAtLevel=1", "-cp", Path.Combine(KafkaHome.Path!, "libs", "*"), tool,
            },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
