using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using Xunit;

namespace Deterministic.Tests.Models.Log;

/// <summary>What an append checks, promises and costs.</summary>
public sealed class LogAppendTests
{
    [Fact]
    public void A_retry_of_any_of_the_last_five_batches_gets_its_first_offsets()
    {
        var world = Created();
        for (var i = 0; i < 7; i++)
        {
            world.Append(records: 2, producer: 4, sequence: i * 2);
        }

        for (var i = 2; i < 7; i++)
        {
            var again = world.Append(records: 2, producer: 4, sequence: i * 2);
            Assert.True(again.IsDuplicate);
            Assert.Equal((i * 2L, (i * 2L) + 1), (again.BaseOffset.Value, again.LastOffset.Value));
        }

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, world.Append(records: 2, producer: 4, sequence: 2).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, world.Append(records: 3, producer: 4, sequence: 12).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, world.Append(records: 2, producer: 4, sequence: 16).Error);
        Assert.Equal(new Offset(14), world.Log.LogEndOffset);
    }

    [Fact]
    public void Sequences_wrap_and_are_remembered_across_a_restart()
    {
        var world = Created();
        Assert.Equal(ErrorCode.None, world.Append(records: 4, producer: 4, sequence: int.MaxValue - 1).Error);
        world.Close();
        world.Open(clean: true);
        Assert.True(world.Append(records: 4, producer: 4, sequence: int.MaxValue - 1).IsDuplicate);
        Assert.Equal(ErrorCode.None, world.Append(producer: 4, sequence: 2).Error);
    }

    [Fact]
    public void A_new_producer_epoch_begins_at_zero_and_fences_the_old_one()
    {
        var world = Created();
        world.Append(producer: 4, sequence: 0);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, AppendWithEpoch(world, epoch: 1, sequence: 1).Error);
        Assert.Equal(ErrorCode.None, AppendWithEpoch(world, epoch: 1, sequence: 0).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, world.Append(producer: 4, sequence: 1).Error);
        Assert.Equal(ErrorCode.None, AppendWithEpoch(world, epoch: 1, sequence: 1).Error);
    }

    [Fact]
    public void A_silent_producer_is_forgotten_and_may_begin_anywhere()
    {
        var world = Created();
        world.Append(producer: 4, sequence: 0);
        world.WallMs += world.Config.ProducerIdExpirationMs - 1;
        world.Log.ApplyRetention(world.Now, Offset.Zero);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, world.Append(producer: 4, sequence: 9).Error);
        world.WallMs += 1;
        world.Log.ApplyRetention(world.Now, Offset.Zero);
        Assert.Equal(ErrorCode.None, world.Append(producer: 4, sequence: 9).Error);
    }

    [Fact]
    public void LogAppendTime_is_stamped_and_told()
    {
        var world = Created(new LogConfig { TimestampType = TimestampType.LogAppendTime });
        var batch = world.Batch(3, 10, new BatchOptions(), timestamp: 5);
        var outcome = world.Append(batch);
        Assert.Equal(world.WallMs, outcome.LogAppendTimeMs);
        RecordBatches.TryRead(batch.Span, out var view, out _);
        Assert.True(view.IsValidCrc);
        Assert.Equal((TimestampType.LogAppendTime, world.WallMs), (view.TimestampType, view.MaxTimestamp));
    }

    [Fact]
    public void A_topic_with_a_codec_of_its_own_stores_that_codec()
    {
        var world = Created(new LogConfig { Compression = CompressionSetting.Of(CompressionType.Lz4) });
        world.Append(records: 50, valueBytes: 100);
        var read = world.Read(Offset.Zero, new Offset(50), 1 << 20);
        RecordBatches.TryRead(world.Bytes(read.Slice).AsSpan(), out var view, out _);
        Assert.Equal((CompressionType.Lz4, 50, true), (view.Compression, view.RecordCount, view.IsValidCrc));
    }

    [Fact]
    public void A_batch_larger_than_a_segment_is_refused()
    {
        var world = Created(new LogConfig { SegmentBytes = 1000 });
        Assert.Equal(ErrorCode.RecordListTooLarge, world.Append(valueBytes: 1000).Error);
        Assert.Equal(Offset.Zero, world.Log.LogEndOffset);
    }

    [Fact]
    public void Nothing_counts_as_flushed_before_the_directory_says_whose_it_is()
    {
        var world = new LogWorld(1);
        world.Create();
        world.Append();
        world.Log.Flush();
        while (world.Log.FlushedOffset == Offset.Zero)
        {
            Assert.True(world.TakeAnswer() || world.Effects.Count > 0);
            world.Submit();
        }

        Assert.NotNull(world.Disk.Content(LogWorld.Directory + "/partition.metadata"));
    }

    [Fact]
    public void The_recovery_point_waits_for_the_snapshot_of_a_rolled_segment()
    {
        var world = Created(new LogConfig { SegmentBytes = 500 });
        while (world.Log.SegmentCount == 1)
        {
            world.Append(valueBytes: 100);
        }

        var rolledAt = new Offset(world.Log.LogEndOffset.Value - 1);
        var path = LogFileNames.Of(LogWorld.Directory, rolledAt, ".snapshot");
        world.Log.Flush();
        var wasAhead = false;
        do
        {
            wasAhead |= world.Log.FlushedOffset >= rolledAt && world.Log.RecoveryPoint < rolledAt;
            Assert.True(world.Log.RecoveryPoint < rolledAt || world.Disk.Content(path) is not null);
            world.Submit();
        }
        while (world.TakeAnswer());

        Assert.True(wasAhead);
        Assert.Equal(world.Log.LogEndOffset, world.Log.RecoveryPoint);
    }

    [Fact]
    public void Retention_renames_then_deletes_after_the_delay()
    {
        var world = Created(new LogConfig { SegmentBytes = 500, RetentionMs = 1000, FileDeleteDelayMs = 60_000 });
        for (var i = 0; i < 20; i++)
        {
            world.Append(valueBytes: 100);
        }

        world.Log.Flush();
        world.Settle();
        world.WallMs += 2000;
        world.Log.ApplyRetention(world.Now, new Offset(20));
        world.Settle();
        world.Log.ApplyRetention(world.Now, new Offset(20));
        world.Settle();
        Assert.Equal(new Offset(20), world.Log.LogStartOffset);
        Assert.Contains(world.Disk.Files, file => file.Key.EndsWith(".log.deleted", StringComparison.Ordinal));
        world.Pass(Duration.FromSeconds(61));
        Assert.DoesNotContain(world.Disk.Files, file => file.Key.EndsWith(".log.deleted", StringComparison.Ordinal));
        Assert.Contains(ProbePoint.RetentionDeleted, world.Reached);
    }

    [Fact]
    public void An_abandoned_log_takes_no_further_step()
    {
        var world = Created(new LogConfig { SegmentBytes = 500 });
        while (world.Log.SegmentCount < 3)
        {
            world.Append(valueBytes: 100);
        }

        world.Submit();
        world.Log.Abandon();
        world.Files.Rename(LogWorld.Directory, "topic-0.gone-delete");
        world.Settle();
        Assert.DoesNotContain(
            world.Disk.Files, file => file.Key.StartsWith(LogWorld.Directory + "/", StringComparison.Ordinal));
    }

    [Fact]
    public void A_replica_keeps_the_leaders_bytes_and_stops_at_the_first_damage()
    {
        var leader = Created();
        for (var i = 0; i < 5; i++)
        {
            leader.Append(records: 2, producer: 1, sequence: i * 2);
        }

        var read = leader.Read(Offset.Zero, new Offset(10), 1 << 20);
        var bytes = leader.Bytes(read.Slice);
        var follower = Created();
        var cut = bytes[..^3];
        var outcome = follower.Log.Append(follower.Now, cut, AppendOrigin.Replica, new LeaderEpoch(3));
        Assert.Equal((ErrorCode.None, 8L), (outcome.Error, follower.Log.LogEndOffset.Value));
        Assert.Equal(new LeaderEpoch(3), follower.Log.LatestEpoch);
        Assert.True(follower.Append(records: 2, producer: 1, sequence: 6).IsDuplicate);
        bytes[^1] ^= 1;
        outcome = follower.Log.Append(follower.Now, bytes, AppendOrigin.Replica, new LeaderEpoch(3));
        Assert.Equal(ErrorCode.InvalidRecord, outcome.Error);
    }

    [Fact]
    public void A_replica_takes_nothing_of_a_later_epoch_than_it_asked_in()
    {
        var leader = Created();
        leader.Append();
        leader.Append(leader.Batch(1, 10, new BatchOptions(), leader.WallMs), epoch: 4);
        var bytes = leader.Bytes(leader.Read(Offset.Zero, new Offset(2), 1 << 20).Slice);
        var follower = Created();
        var outcome = follower.Log.Append(follower.Now, bytes, AppendOrigin.Replica, new LeaderEpoch(3));
        Assert.Equal((ErrorCode.InvalidRecord, 1L), (outcome.Error, follower.Log.LogEndOffset.Value));
    }

    [Fact]
    public void Appends_and_reads_at_the_end_allocate_nothing()
    {
        var world = Created(new LogConfig { IndexIntervalBytes = 1 << 30 });
        var options = new BatchOptions();
        var batch = world.Batch(5, 100, options, world.WallMs);
        var at = Offset.Zero;
        long spent = 0;
        for (var i = 0; i < 600; i++)
        {
            RecordBatches.TryRead(batch.Span, out var view, out _);
            view.SetBaseOffset(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var outcome = world.Append(batch);
            world.Log.Flush();
            var read = world.Log.Read(at, world.Log.LogEndOffset, 1 << 20, true);
            spent += i < 300 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal((ErrorCode.None, ReadKind.Found), (outcome.Error, read.Kind));
            at = world.Log.LogEndOffset;
            world.Settle();
        }

        Assert.Equal(0, spent);
    }

    private static LogWorld Created(LogConfig? config = null)
    {
        var world = new LogWorld(1, config);
        world.Create();
        world.Settle();
        return world;
    }

    private static AppendOutcome AppendWithEpoch(LogWorld world, short epoch, int sequence)
    {
        var options = new BatchOptions { ProducerId = 4, ProducerEpoch = epoch, BaseSequence = sequence };
        return world.Append(world.Batch(1, 10, options, world.WallMs));
    }
}
