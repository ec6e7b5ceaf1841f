using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Xunit;

namespace Deterministic.Tests.Models.Log;

/// <summary>Each thing that can be wrong in a log's directory at start, one by one.</summary>
public sealed class LogRecoveryTests
{
    /// <summary>Where the length of a segment's first batch stands.</summary>
    private const int LengthAt = 8;

    private static readonly LogConfig Small = new() { SegmentBytes = 1500, IndexIntervalBytes = 200 };

    [Fact]
    public void A_torn_tail_is_cut_off_and_the_log_goes_on_behind_what_is_whole()
    {
        var world = Filled(20, close: false);
        var newest = Newest(world, ".log");
        var bytes = world.Disk.Content(newest)!;
        world.Disk.Place(newest, bytes.AsSpan(0, bytes.Length - 5));
        var log = world.Open(clean: false);
        Assert.Contains(ProbePoint.RecoveryTruncatedTail, world.Reached);
        Assert.Equal(new Offset(19), log.LogEndOffset);
        Assert.Equal(log.LogEndOffset, log.FlushedOffset);
        Assert.Equal(new Offset(19), world.Append().BaseOffset);
    }

    [Fact]
    public void Damage_in_the_middle_removes_everything_behind_it()
    {
        var world = Filled(40, close: false);
        var first = LogFileNames.Of(LogWorld.Directory, Offset.Zero, ".log");
        var bytes = world.Disk.Content(first)!;
        bytes[bytes.Length / 2] ^= 1;
        world.Disk.Place(first, bytes);
        var log = world.Open(clean: false);
        Assert.Contains(ProbePoint.RecoveryDeletedSegment, world.Reached);
        Assert.InRange(log.LogEndOffset.Value, 1, 19);
        Assert.Equal(1, log.SegmentCount);
        Assert.Single(world.Disk.Files, file => file.Key.EndsWith(".log", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_log_that_ends_below_its_recovery_point_is_damaged_and_says_so_in_every_life_until_that_is_lowered(bool isClean)
    {
        var world = Filled(40, isClean);
        var first = Newest(world, ".log");
        var bytes = world.Disk.Content(first)!;
        bytes[LengthAt] ^= 1;
        world.Disk.Place(first, isClean ? bytes.AsSpan(0, bytes.Length - 5) : bytes);
        for (var life = 0; life < 2; life++)
        {
            var log = world.Open(isClean && life == 0, new Offset(40));
            Assert.True(log.IsDamaged);
            Assert.True(log.LogEndOffset < new Offset(40));
            Assert.Contains(ProbePoint.FlushedLogDamaged, world.Reached);
        }

        Assert.False(world.Open(clean: false, world.Log.RecoveryPoint).IsDamaged);
    }

    [Fact]
    public void The_recovery_point_is_lowered_before_a_cut()
    {
        var world = Filled(40, close: false);
        world.Log.AboutToCut(new Offset(17));
        Assert.InRange(world.Log.RecoveryPoint.Value, 1, 17);
        world.Run(world.Log.TruncateTo(new Offset(17), world.Now));
        for (var i = 0; i < 5; i++)
        {
            world.Append();
        }

        world.Log.Flush();
        world.Settle();
        Assert.True(world.Log.RecoveryPoint > new Offset(17));
        Assert.Equal(world.Log.LogEndOffset, world.Log.FlushedOffset);
    }

    [Fact]
    public void A_segment_whose_predecessor_was_lost_is_removed()
    {
        var world = Filled(60, close: false);
        var logs = Names(world, ".log");
        Assert.True(logs.Count > 3);
        var lost = logs[2];
        Remove(world, lost);
        var log = world.Open(clean: false);
        Assert.True(LogFileNames.TryParse(lost, ".log", out var hole));
        Assert.Equal(hole, log.LogEndOffset);
        Assert.Contains(ProbePoint.RecoveryDeletedSegment, world.Reached);
    }

    [Theory]
    [InlineData(".index")]
    [InlineData(".timeindex")]
    public void A_damaged_index_is_made_anew(string ending)
    {
        var world = Filled(60, close: true);
        foreach (var name in Names(world, ending))
        {
            world.Disk.Place(name, [1, 2, 3]);
        }

        world.Open(clean: true);
        for (var at = 0; at < 60; at++)
        {
            var read = world.Read(new Offset(at), new Offset(60), 1);
            Assert.True(RecordBatches.TryRead(world.Bytes(read.Slice).AsSpan(), out var batch, out _));
            Assert.Equal(at, batch.BaseOffset);
        }

        TimestampAnswer? found = null;
        world.Run(world.Log.OffsetForTimestamp(world.WallMs, new Offset(60), answer => found = answer));
        Assert.Equal(new Offset(59), found!.Value.Offset);
        Assert.Contains(ProbePoint.IndexRebuilt, world.Reached);
    }

    [Fact]
    public void A_damaged_producer_snapshot_is_replaced_by_an_older_one_and_the_batches_behind_it()
    {
        var world = Filled(60, close: true);
        var newest = Newest(world, ".snapshot");
        var bytes = world.Disk.Content(newest)!;
        bytes[^1] ^= 1;
        world.Disk.Place(newest, bytes);
        world.Open(clean: true);
        Assert.Contains(ProbePoint.ProducerSnapshotDamaged, world.Reached);
        var again = world.Append(producer: 1, sequence: 59);
        Assert.True(again.IsDuplicate);
        Assert.Equal(new Offset(59), again.BaseOffset);
        world.Settle();
        Assert.Contains(ProbePoint.DuplicateBatchAfterRestart, world.Reached);
    }

    [Fact]
    public void A_damaged_leader_epoch_file_is_made_anew_from_the_batches()
    {
        var world = new LogWorld(3, Small);
        world.Create();
        foreach (var epoch in new[] { 1, 1, 4, 9 })
        {
            world.Append(world.Batch(1, 100, new BatchOptions(), world.WallMs), epoch);
        }

        world.Close();
        world.Disk.Place(LogWorld.Directory + "/leader-epoch-checkpoint", "0\n3\n1 0\n"u8);
        var log = world.Open(clean: true);
        Assert.Equal((new LeaderEpoch(1), new Offset(2)), log.EndOffsetForEpoch(new LeaderEpoch(3)));
        Assert.Equal((new LeaderEpoch(4), new Offset(3)), log.EndOffsetForEpoch(new LeaderEpoch(4)));
        Assert.Equal((new LeaderEpoch(9), new Offset(4)), log.EndOffsetForEpoch(new LeaderEpoch(9)));
        Assert.Equal((LeaderEpoch.None, Offset.None), log.EndOffsetForEpoch(new LeaderEpoch(10)));
    }

    [Fact]
    public void Leftovers_go_and_a_ready_replacement_is_completed()
    {
        var world = Filled(60, close: true);
        var logs = Names(world, ".log");
        LogFileNames.TryParse(logs[1], ".log", out var second);
        var merged = world.Disk.Content(logs[0])!.Concat(world.Disk.Content(logs[1])!).ToArray();
        world.Disk.Place(logs[0] + ".swap", merged);
        const string far = "00000000000000009000";
        foreach (var leftover in new[] { far + ".log.deleted", "x.tmp", far + ".index.cleaned" })
        {
            world.Disk.Place(LogWorld.Directory + "/" + leftover, [1]);
        }

        var log = world.Open(clean: true);
        Assert.Contains(ProbePoint.InterruptedReplacement, world.Reached);
        Assert.Equal(logs.Count - 1, log.SegmentCount);
        Assert.Null(world.Disk.Content(logs[1]));
        Assert.Equal(merged, world.Disk.Content(logs[0]));
        Assert.DoesNotContain(world.Disk.Files, file => !IsLogFile(file.Key));
        Assert.Equal(60, Offsets(world).Count);
        Assert.True(second > Offset.Zero);
    }

    [Fact]
    public void A_replacement_that_was_not_ready_is_undone()
    {
        var world = Filled(60, close: true);
        var logs = Names(world, ".log");
        world.Disk.Place(logs[1] + ".swap", world.Disk.Content(logs[1])!.AsSpan(0, 70));
        world.Disk.Place(logs[0] + ".cleaned", [1]);
        world.Open(clean: true);
        Assert.Equal(60, Offsets(world).Count);
        Assert.DoesNotContain(world.Disk.Files, file => !IsLogFile(file.Key));
    }

    [Fact]
    public void Records_deleted_up_to_the_end_stay_deleted()
    {
        var world = Filled(10, close: false);
        world.Log.AdvanceLogStart(new Offset(10), world.Now);
        world.Settle();
        world.Kill();
        var log = world.Open(clean: false, logStart: new Offset(10));
        Assert.Equal((new Offset(10), new Offset(10)), (log.LogStartOffset, log.LogEndOffset));
        Assert.Equal(ReadKind.OutOfRange, log.Read(new Offset(9), new Offset(10), 100, true).Kind);
    }

    [Fact]
    public void A_log_that_ends_before_its_start_begins_anew_there()
    {
        var world = Filled(10, close: false);
        world.Kill();
        var log = world.Open(clean: false, logStart: new Offset(500));
        Assert.Equal((new Offset(500), new Offset(500)), (log.LogStartOffset, log.LogEndOffset));
        Assert.Equal(new Offset(500), world.Append().BaseOffset);
        world.Close();
        Assert.Equal(new Offset(501), world.Open(clean: false).LogEndOffset);
    }

    [Theory]
    [InlineData("0\n1\nt 0 5\n", true)]
    [InlineData("0\n0\n", true)]
    [InlineData("", false)]
    [InlineData("1\n1\nt 0 5\n", false)]
    [InlineData("0\n2\nt 0 5\n", false)]
    [InlineData("0\n1\nt 0 5\nt 1 5\n", false)]
    [InlineData("0\n1\nt 0\n", false)]
    [InlineData("0\n1\nt 0 -5\n", false)]
    [InlineData("0\n1\nt x 5\n", false)]
    [InlineData("0\n1\nt 0 99999999999999999999\n", false)]
    [InlineData("0\n1\nt 0 5", false)]
    public void A_checkpoint_file_is_believed_only_as_a_whole(string text, bool isGood) =>
        Assert.Equal(isGood, Checkpoints.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void A_checkpoint_file_reads_as_it_was_written()
    {
        CheckpointEntry[] entries = [new("a.b-c_d", 0, new Offset(long.MaxValue)), new("a", 3, Offset.Zero)];
        Assert.True(Checkpoints.TryParse(Checkpoints.ToBytes(entries), out var read));
        Assert.Equal(entries, read);
    }

    private static LogWorld Filled(int batches, bool close)
    {
        var world = new LogWorld(2, Small);
        world.Create();
        for (var i = 0; i < batches; i++)
        {
            world.WallMs += 10;
            world.Append(valueBytes: 100, producer: 1, sequence: i);
            world.Log.Flush();
            world.Settle();
        }

        if (close)
        {
            world.Close();
        }

        return world;
    }

    private static List<long> Offsets(LogWorld world)
    {
        var offsets = new List<long>();
        world.Run(world.Log.ReadAll(Offset.Zero, (in RecordBatchView batch) => offsets.Add(batch.BaseOffset)));
        return offsets;
    }

    private static List<string> Names(LogWorld world, string ending) =>
        [.. world.Disk.Files.Select(file => file.Key).Where(name => name.EndsWith(ending, StringComparison.Ordinal))];

    private static string Newest(LogWorld world, string ending) => Names(world, ending)[^1];

    private static bool IsLogFile(string path) =>
        path.EndsWith(".log", StringComparison.Ordinal)
        || path.EndsWith(".index", StringComparison.Ordinal)
        || path.EndsWith(".timeindex", StringComparison.Ordinal)
        || path.EndsWith(".snapshot", StringComparison.Ordinal)
        || path.EndsWith("leader-epoch-checkpoint", StringComparison.Ordinal)
        || path.EndsWith("partition.metadata", StringComparison.Ordinal);

    private static void Remove(LogWorld world, string path)
    {
        world.Files.Delete(path);
        world.Settle();
    }
}
