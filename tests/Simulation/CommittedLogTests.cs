using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;
using Deterministic.Runtime.Sim.Checks;
using Deterministic.Runtime.Sim.Disk;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>The ghost of a committed log, on planted disks: it speaks where replicas differ, and only there.</summary>
public sealed class CommittedLogTests
{
    private const string First = "orders-0/00000000000000000000.log";
    private const string Second = "orders-0/00000000000000000002.log";
    private readonly CommittedLog _committed = new();

    [Fact]
    public void Replicas_that_hold_the_same_agree_and_what_is_not_committed_may_differ()
    {
        var a = Disk((First, [.. Batch(0, 1, "a"), .. Batch(1, 1, "b")]), (Second, Batch(2, 2, "c")));
        var b = Disk((First, [.. Batch(0, 1, "a"), .. Batch(1, 1, "b")]), (Second, Batch(2, 1, "x")));
        Assert.Null(Judge(a, 2));
        Assert.Null(Judge(b, 2));
        Assert.Equal(2, _committed.Compared);
    }

    [Fact]
    public void Another_record_and_another_epoch_are_reported()
    {
        Assert.Null(Judge(Disk((First, [.. Batch(0, 1, "a"), .. Batch(1, 1, "b")])), 2));
        Assert.Contains("another held", Judge(Disk((First, [.. Batch(0, 1, "a"), .. Batch(1, 1, "c")])), 2));
        Assert.Contains("another held", Judge(Disk((First, [.. Batch(0, 1, "a"), .. Batch(1, 2, "b")])), 2));
    }

    [Fact]
    public void A_log_that_ends_before_what_it_calls_committed_is_reported_unless_it_was_trimmed()
    {
        var disk = Disk((First, Batch(0, 1, "a")));
        Assert.Contains("files end at 1", Judge(disk, 2));
        Assert.Null(_committed.Judge(new LogCursor(disk, "orders-0"), 2, 2));
    }

    [Fact]
    public void A_cursor_goes_on_where_it_stopped_and_waits_for_the_segment_that_follows()
    {
        var disk = Disk((First, Batch(0, 1, "a")), ("orders-0/00000000000000000005.log", Batch(5, 1, "z")));
        var cursor = new LogCursor(disk, "orders-0");
        Assert.True(cursor.TryPeek(durable: true, out var batch));
        cursor.Take(batch);
        Assert.False(cursor.TryPeek(durable: true, out _));
        disk.Place("orders-0/00000000000000000001.log", Batch(1, 1, "b"));
        Assert.True(cursor.TryPeek(durable: true, out batch));
        Assert.Equal(1, batch.Base);
    }

    [Fact]
    public void What_is_not_flushed_is_written_and_not_durable()
    {
        var driver = new DiskDriver(1);
        var file = driver.Open(First);
        driver.Effects.Add(new Append(file, 0, Batch(0, 1, "a")));
        driver.Submit();
        driver.Drain();
        var cursor = new LogCursor(driver.Disk, "orders-0");
        Assert.True(cursor.TryPeek(durable: false, out _));
        Assert.False(cursor.TryPeek(durable: true, out _));
        driver.Flush(file);
        Assert.True(cursor.TryPeek(durable: true, out _));
    }

    private static SimulatedDisk Disk(params (string Path, byte[] Bytes)[] files)
    {
        var disk = new SimulatedDisk(new DiskOptions(), new Prng(1));
        foreach (var (path, bytes) in files)
        {
            disk.Place(path, bytes);
        }

        return disk;
    }

    private static byte[] Batch(long offset, int epoch, string value)
    {
        var builder = new RecordBatchBuilder(1 << 16);
        builder.Begin(new BatchOptions { BaseOffset = offset, PartitionLeaderEpoch = epoch });
        Assert.True(builder.TryAppend(1, NullableBytes.Null, new(Encoding.ASCII.GetBytes(value))));
        return builder.Build().ToArray();
    }

    private string? Judge(SimulatedDisk disk, long highWatermark) =>
        _committed.Judge(new LogCursor(disk, "orders-0"), 0, highWatermark);
}
