using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Disk;
using Xunit;

namespace Deterministic.Tests.Models.Metadata;

/// <summary>Directories that Apache Kafka 4.3.1 wrote come up here, and its own tool reads what we write.</summary>
public sealed class KafkaDirectoryTests
{
    [Fact]
    public void A_directory_that_Kafka_wrote_comes_up_with_everything_in_it()
    {
        var world = new MetadataWorld(disk: Golden(_ => true)).Start();

        Assert.True(world.IsUp, world.Cluster.Refusal);
        var topics = world.Image.Topics.All.Select(topic => topic.Name + "/" + topic.Partitions.Count);
        Assert.Equal(["t1/4", "x1/2", "x3/1"], topics);
        Assert.Equal("77", world.Image.Configs.Find(ConfigResourceType.Topic, "t1", "retention.ms"));
        Assert.Null(world.Image.Configs.Find(ConfigResourceType.Topic, "t1", "cleanup.policy"));
        Assert.Equal("2000", world.Image.Configs.Find(ConfigResourceType.Topic, "x1", "retention.ms"));
        Assert.Equal("86400000", world.Image.Configs.Find(ConfigResourceType.Broker, "1", "log.retention.ms"));
        Assert.Equal(1000, world.Image.NextProducerId);
        Assert.IsType<UserScramCredentialRecord>(Assert.Single(world.Image.Kept.All).Message);
        Assert.Equal(2, world.Cluster.Quorum.Epoch);
    }

    /// <summary>
    /// Kafka took every partition out of its ISR when it stopped: each is led again as an eligible replica.
    /// </summary>
    [Fact]
    public void Partitions_of_a_Kafka_that_stopped_are_led_again()
    {
        var world = new MetadataWorld(disk: Golden(_ => true)).Start();

        foreach (var topic in world.Image.Topics.All)
        {
            foreach (var partition in topic.Partitions)
            {
                Assert.Equal(1, partition.Leader);
                Assert.Equal([1], partition.Isr);
                Assert.Empty(partition.Elr);
                Assert.Equal(0, partition.LeaderRecoveryState);
                Assert.Equal(2, partition.LeaderEpoch.Value);
            }
        }
    }

    [Fact]
    public void The_log_alone_says_the_same_as_snapshot_and_log()
    {
        var both = new MetadataWorld(disk: Golden(_ => true)).Start();
        var log = new MetadataWorld(disk: Golden(path => !path.Contains("0032-", StringComparison.Ordinal))).Start();

        Assert.Equal(ImageText.Of(both.Image), ImageText.Of(log.Image));
    }

    [Fact]
    public void A_directory_that_Kafka_only_formatted_gets_the_levels_it_chose()
    {
        var formatted = Golden(path => path is "meta.properties" or "bootstrap.checkpoint"
            || path.EndsWith("00000-0000000000.checkpoint", StringComparison.Ordinal));
        var world = new MetadataWorld(disk: formatted).Start();

        Assert.True(world.IsUp, world.Cluster.Refusal);
        Assert.Equal(30, world.Image.Features.LevelOf("metadata.version"));
        Assert.Equal("brhDsP0uS-CzgFJuu8QyrA", world.Cluster.ClusterId.ToString());
    }

    /// <summary>Where the log is there as well, it holds the same; where the snapshot was all, less would be believed.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_snapshot_is_refused_unless_the_log_does_as_well(bool hasLog)
    {
        var whole = new MetadataWorld(disk: Golden(_ => true)).Start();
        var disk = Golden(path => hasLog || !path.EndsWith(".log", StringComparison.Ordinal));
        var path = "__cluster_metadata-0/00000000000000000032-0000000001.checkpoint";
        var bytes = disk.Content(path)!;
        bytes[^200] ^= 1;
        disk.Place(path, bytes);
        var world = new MetadataWorld(disk: disk).Start();

        Assert.Equal(hasLog, world.IsUp);
        if (hasLog)
        {
            Assert.Equal(ImageText.Of(whole.Image), ImageText.Of(world.Image));
        }
        else
        {
            Assert.Contains("damaged", world.Cluster.Refusal, StringComparison.Ordinal);
        }
    }

    [KafkaFact]
    public void Kafkas_dump_log_reads_our_metadata_log()
    {
        var world = new MetadataWorld().Start();
        world.Create(MetadataWorld.Topic("orders", 3, 1, ("cleanup.policy", "compact")));
        world.Restart(powerLoss: true);
        var log = Path.Combine(Directory.CreateTempSubdirectory("deterministic").FullName, "00000000000000000000.log");
        File.WriteAllBytes(log, world.Disk.Content("__cluster_metadata-0/00000000000000000000.log")!);

        var lines = DumpLog(log);
        Directory.Delete(Path.GetDirectoryName(log)!, recursive: true);

        Assert.DoesNotContain(lines, line => line.Contains("isvalid: false", StringComparison.Ordinal));
        foreach (var expected in new[]
        {
            "LeaderChange: {\"version\":0,\"leaderId\":1,\"voters\":[{\"voterId\":1}]",
            "KRaftVersion {\"version\":0,\"kRaftVersion\":1}",
            "\"type\":\"FEATURE_LEVEL_RECORD\",\"version\":0,\"data\":{\"name\":\"metadata.version\",",
            "\"type\":\"REGISTER_BROKER_RECORD\",\"version\":4",
            "\"type\":\"TOPIC_RECORD\",\"version\":0,\"data\":{\"name\":\"orders\"",
            "\"name\":\"cleanup.policy\",\"value\":\"compact\"",
            "\"type\":\"PARTITION_CHANGE_RECORD\",\"version\":2",
        })
        {
            Assert.Contains(lines, line => line.Contains(expected, StringComparison.Ordinal));
        }
    }

    private static List<string> DumpLog(string log)
    {
        var start = new ProcessStartInfo("java")
        {
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", Path.Combine(KafkaHome.Path!, "libs", "*"),
                "org.apache.kafka.tools.DumpLogSegments", "--cluster-metadata-decoder", "--files", log,
            },
        };
        using var process = Process.Start(start)!;
        var lines = process.StandardOutput.ReadToEnd().Split('\n').ToList();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return lines;
    }

    private static SimulatedDisk Golden(Func<string, bool> isWanted, [CallerFilePath] string here = "")
    {
        var disk = new SimulatedDisk(new DiskOptions(), new Prng(1));
        var root = Path.Combine(Path.GetDirectoryName(here)!, "Golden", "kafka");
        foreach (var file in Directory.GetFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var path = Path.GetRelativePath(root, file).Replace('\\', '/');
            if (isWanted(path))
            {
                disk.Place(path, File.ReadAllBytes(file));
            }
        }

        return disk;
    }
}
