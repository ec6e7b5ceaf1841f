using System;
using System.Collections.Generic;
using System.IO;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>kcat on librdkafka 2.0.2: files in, the same files out; groups; metadata.</summary>
[Collection(ClientCollection.Name)]
public sealed class KcatTests(TestBroker broker)
{
    private static readonly string[] Quiet = ["-q", "-e", "-o", "beginning"];

    [ClientTheory(Needs.Kcat)]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void A_file_produced_line_by_line_reads_back_identical(string codec)
    {
        var topic = TestBroker.Fresh("kcat-" + codec);
        var lines = JavaTools.Numbered("a line of the file, long enough to be worth compressing, number", 20_000);
        Produce(topic, lines, "-p", "0", "-z", codec, "-X", "enable.idempotence=true");
        Assert.Equal(lines, Kcat(["-C", "-t", topic, "-p", "0", "-X", "check.crcs=true", .. Quiet]).MustRun().Output);
    }

    [ClientFact(Needs.Kcat)]
    public void Keys_headers_null_values_and_timestamps_survive()
    {
        const string Headers = "colour=blue,empty=NULL";
        var topic = TestBroker.Fresh("kcat-keys");
        Produce(topic, "k1:v1\nk2:\n:v3\n", "-p", "0", "-K", ":", "-Z", "-H", "colour=blue", "-H", "empty");
        var read = Kcat(["-C", "-t", topic, "-p", "0", "-f", "%k|%s|%S|%o|%h\n", .. Quiet]).MustRun();
        Assert.Equal(["k1|v1|2|0|" + Headers, "k2||-1|1|" + Headers, "|v3|2|2|" + Headers], read.Lines);
        var times = Kcat(["-C", "-t", topic, "-p", "0", "-f", "%T\n", .. Quiet]).MustRun();
        Assert.All(times.Lines, line => Assert.True(long.Parse(line) > 1_600_000_000_000, line));
    }

    [ClientTheory(Needs.Kcat)]
    [InlineData("range,roundrobin")]
    [InlineData("cooperative-sticky")]
    public void Two_members_of_a_group_share_the_partitions_and_read_each_record_once(string strategy)
    {
        const int Partitions = 4, Records = 400;
        var topic = TestBroker.Fresh("kcat-group");
        for (var partition = 0; partition < Partitions; partition++)
        {
            Produce(topic, JavaTools.Numbered("line", Records / Partitions), "-p", $"{partition}");
        }

        string[] member =
        [
            "-u", "-X", "auto.offset.reset=earliest", "-X", "partition.assignment.strategy=" + strategy,
            "-f", "%p %o\n", "-G", TestBroker.Fresh("group"), topic,
        ];
        using var first = Kcat(member).Start();
        using var second = Kcat(member).Start();
        first.WaitFor("two partitions", (_, errors) => Held(errors) == Partitions / 2);
        second.WaitFor("two partitions", (_, errors) => Held(errors) == Partitions / 2);
        for (var partition = 0; partition < Partitions; partition++)
        {
            Produce(topic, "last\n", "-p", $"{partition}");
        }

        var seen = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var running in (RunningTool[])[first, second])
        {
            running.WaitFor("the last records", (output, _) => Lasts(output) >= Partitions / 2);
            running.Terminate();
            seen.UnionWith(running.WaitForEnd().Lines);
        }

        Assert.Equal(Records + Partitions, seen.Count);
    }

    [ClientFact(Needs.Kcat)]
    public void Metadata_lists_brokers_and_topics_and_offsets_are_found_by_time()
    {
        var topic = TestBroker.Fresh("kcat-metadata");
        Produce(topic, JavaTools.Numbered("line", 10), "-p", "0");
        Kcat("-L").MustRun()
            .MustContain($"broker 1 at {broker.Bootstrap} (controller)").MustContain($"topic \"{topic}\"")
            .MustContain("partition 0, leader 1, replicas: 1, isrs: 1");
        Kcat("-Q", "-t", topic + ":0:-1").MustRun().MustContain($"{topic} [0] offset 10");
        Kcat("-Q", "-t", topic + ":0:1").MustRun().MustContain($"{topic} [0] offset 0");
    }

    [ClientFact(Needs.Kcat)]
    public void Reading_from_the_middle_and_from_the_end_finds_the_same_records()
    {
        var topic = TestBroker.Fresh("kcat-seek");
        Produce(topic, JavaTools.Numbered("line", 1000), "-p", "0");
        string[] read = ["-C", "-t", topic, "-p", "0", "-q", "-e"];
        Assert.Equal("line 400", Kcat([.. read, "-o", "400", "-c", "1"]).MustRun().Lines[0]);
        Assert.Equal("line 990", Kcat([.. read, "-o", "-10"]).MustRun().Lines[0]);
        Assert.Equal(10, Kcat([.. read, "-o", "-10"]).MustRun().Lines.Length);
        Assert.Empty(Kcat([.. read, "-o", "end"]).MustRun().Lines);
    }

    private Tool Kcat(params string[] arguments) => new("kcat", ["-b", broker.Bootstrap, .. arguments]);

    private void Produce(string topic, string lines, params string[] arguments)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, lines);
            Kcat(["-P", "-t", topic, "-X", "acks=all", .. arguments, "-l", file]).MustRun();
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>
    /// How many partitions a member holds now, by the rebalance lines it printed: all, gained and given up ones.
    /// </summary>
    private static int Held(string errors)
    {
        var held = 0;
        foreach (var line in errors.Split('\n'))
        {
            var named = line.Split('[').Length - 1;
            held = line.Contains("incremental assignment", StringComparison.Ordinal) ? held + named
                : line.Contains("incremental revoke", StringComparison.Ordinal) ? held - named
                : line.Contains("): assigned", StringComparison.Ordinal) ? named
                : line.Contains("): revoked", StringComparison.Ordinal) ? 0
                : held;
        }

        return held;
    }

    /// <summary>Records at offset 100: the ones produced last, one in each partition.</summary>
    private static int Lasts(string output)
    {
        var lasts = 0;
        foreach (var line in output.Split('\n'))
        {
            lasts += line.EndsWith(" 100", StringComparison.Ordinal) ? 1 : 0;
        }

        return lasts;
    }
}
