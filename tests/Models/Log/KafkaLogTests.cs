using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Tests.Tidy;
using Xunit;

namespace Deterministic.Tests.Models.Log;

/// <summary>
/// Files that Kafka can read, and files that Kafka wrote. MadeByKafka/ is the directory of a partition that Apache
/// Kafka
/// 4.3.1 left after a clean shutdown: three segments of 40 records, each by a console producer of its own.
/// </summary>
public sealed class KafkaLogTests
{
    private const int RecordsByKafka = 120;

    [KafkaFact]
    public void Kafka_finds_nothing_wrong_in_a_log_that_we_wrote()
    {
        var world = new LogWorld(5, new LogConfig { SegmentBytes = 20_000, IndexIntervalBytes = 500 });
        world.Create();
        for (var i = 0; i < 300; i++)
        {
            world.WallMs += i % 7 == 0 ? -3 : 10;
            world.Append(records: 3, valueBytes: 50, producer: i % 3, sequence: i / 3 * 3);
            if (i % 20 == 0)
            {
                world.Settle();
            }
        }

        world.Close();
        Assert.True(world.Log.SegmentCount > 3);
        var folder = System.IO.Directory.CreateTempSubdirectory("log-for-kafka");
        try
        {
            var files = Export(world, folder.FullName);
            var report = Dump(files.Where(file => !file.EndsWith(".snapshot", StringComparison.Ordinal)));
            Assert.Equal(900, Occurrences(report, "| offset: "));
            Assert.True(Occurrences(report, "\noffset: ") > world.Log.SegmentCount, report);
            Assert.True(Occurrences(report, "\ntimestamp: ") > world.Log.SegmentCount, report);
            Assert.DoesNotContain("mismatch", report, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("Found ", report, StringComparison.Ordinal);
            Assert.DoesNotContain("out of order", report, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("Exception", report, StringComparison.Ordinal);
            Assert.DoesNotContain("isvalid: false", report, StringComparison.Ordinal);
            var newest = files.Where(file => file.EndsWith(".snapshot", StringComparison.Ordinal)).Max()!;
            var snapshot = Dump([newest]);
            Assert.Equal(15, Occurrences(snapshot, "producerId: "));
            Assert.Equal(3, Occurrences(snapshot, "lastSequence: 299 "));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_log_that_Kafka_closed_is_served_at_once()
    {
        var world = WithKafkasFiles();
        var log = world.Open(clean: true, recoveryPoint: new Offset(RecordsByKafka), topicId: Uuid.Zero);
        AssertIsKafkas(world, log);
        Assert.DoesNotContain(Broker.Boundary.ProbePoint.IndexRebuilt, world.Reached);
    }

    [Fact]
    public void A_log_that_Kafka_could_not_close_is_recovered()
    {
        // As Kafka leaves the newest indexes: room of zeros behind the entries; and no snapshot at the end.
        var world = WithKafkasFiles();
        var index = LogWorld.Directory + "/00000000000000000080.index";
        world.Disk.Place(index, [.. world.Disk.Content(index)!, .. new byte[100_000]]);
        var times = LogWorld.Directory + "/00000000000000000080.timeindex";
        world.Disk.Place(times, [.. world.Disk.Content(times)!, .. new byte[120_000]]);
        world.Disk.Place(LogWorld.Directory + "/00000000000000000120.snapshot", []);
        var log = world.Open(clean: false, recoveryPoint: new Offset(80), topicId: Uuid.Zero);
        AssertIsKafkas(world, log);
    }

    private static void AssertIsKafkas(LogWorld world, PartitionLog log)
    {
        Assert.Equal(new Offset(RecordsByKafka), log.LogEndOffset);
        Assert.Equal(Offset.Zero, log.LogStartOffset);
        Assert.Equal(new LeaderEpoch(0), log.LatestEpoch);
        Assert.Equal("oo_JChZiTyq03IoYyGpjWA", log.TopicId.ToString());
        var batches = new List<byte[]>();
        world.Run(log.ReadAll(Offset.Zero, (in RecordBatchView batch) => batches.Add(batch.Bytes.ToArray())));
        Assert.Equal(RecordsByKafka, batches.Sum(Records));

        RecordBatches.TryRead(batches[^1].AsSpan(), out var last, out _);
        var base_ = last.BaseOffset;
        last.SetBaseOffset(0);
        var again = world.Append(batches[^1]);
        Assert.Equal((ErrorCode.None, true, base_), (again.Error, again.IsDuplicate, again.BaseOffset.Value));
        Assert.Equal(new Offset(RecordsByKafka), world.Append().BaseOffset);
        foreach (var at in new[] { 0, 39, 40, 77, 119, 120 })
        {
            var read = world.Read(new Offset(at), log.LogEndOffset, 500);
            var bytes = world.Bytes(read.Slice);
            Assert.True(RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _));
            Assert.InRange(at, batch.BaseOffset, batch.LastOffset);
        }
    }

    private static int Records(byte[] bytes) =>
        RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _) ? batch.RecordCount : 0;

    private static LogWorld WithKafkasFiles()
    {
        // Shortly after Kafka wrote it.
        var world = new LogWorld(1) { WallMs = 1_795_419_600_000 };
        var folder = Path.Combine(SourceTree.Root, "tests", "Models", "Log", "MadeByKafka");
        foreach (var file in System.IO.Directory.GetFiles(folder))
        {
            world.Disk.Place(LogWorld.Directory + "/" + Path.GetFileName(file), File.ReadAllBytes(file));
        }

        return world;
    }

    private static List<string> Export(LogWorld world, string folder)
    {
        var files = new List<string>();
        foreach (var (path, file) in world.Disk.Files)
        {
            var name = Path.Combine(folder, Path.GetFileName(path));
            File.WriteAllBytes(name, file.Content.ToArray());
            if (char.IsAsciiDigit(Path.GetFileName(path)[0]))
            {
                files.Add(name);
            }
        }

        return files;
    }

    private static string Dump(IEnumerable<string> files)
    {
        var start = new ProcessStartInfo("java") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[]
        {
            "-cp", Path.Combine(KafkaHome.Path!, "libs", "*"), "org.apache.kafka.tools.DumpLogSegments",
            "--deep-iteration", "--files", string.Join(',', files),
        })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output + errors.Result;
    }

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;
}
