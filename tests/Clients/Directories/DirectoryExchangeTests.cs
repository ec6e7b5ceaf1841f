using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Deterministic.Tests.Clients.Directories;

/// <summary>
/// A data directory moves between Apache Kafka 4.3.1 and our broker, both as real processes: each finds the other's
/// records, producers, topics and committed offsets, whether the other was stopped or killed.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class DirectoryExchangeTests
{
    /// <summary>Small, so that a directory does not have fifty partitions to read file by file.</summary>
    private const string OffsetsPartitions = "offsets.topic.num.partitions=3";

    [ClientFact(Needs.Kcat | Needs.JavaTools)]
    public void Kafka_serves_a_directory_that_we_left_in_good_order()
    {
        using var folder = new DataFolder();
        Found ours;
        using (var broker = RealBroker.On(folder.Data, OffsetsPartitions))
        {
            ours = Fill(broker.Bootstrap, "first");
            broker.Stop();
        }

        AssertEveryKindOfFile(folder.MustBeReadByDumpLog());
        using var copy = folder.Copy();
        using var kafka = ApacheKafka.On(copy.Data);
        ours.MustEqual(Found.In(kafka.Bootstrap));
        var printed = kafka.Stop();
        Assert.DoesNotContain("ERROR", printed.Output, StringComparison.Ordinal);
    }

    [ClientFact(Needs.Kcat | Needs.JavaTools)]
    public void Kafka_serves_a_directory_after_we_were_killed_and_started_again()
    {
        using var folder = new DataFolder();
        Found first;
        using (var broker = RealBroker.On(folder.Data, OffsetsPartitions))
        {
            first = Fill(broker.Bootstrap, "first");
            broker.Kill();
        }

        AssertEveryKindOfFile(folder.MustBeReadByDumpLog());
        Found second;
        using (var broker = RealBroker.On(folder.Data, OffsetsPartitions))
        {
            first.MustEqual(Found.In(broker.Bootstrap));
            new Corpus(broker.Bootstrap).Write("second");
            second = Found.In(broker.Bootstrap);
            broker.Kill();
        }

        folder.MustBeReadByDumpLog();
        using (var broker = RealBroker.On(folder.Data, OffsetsPartitions))
        {
            broker.Kill();
        }

        // What recovery made of it, and nothing since.
        folder.MustBeReadByDumpLog();
        using var copy = folder.Copy();
        using var kafka = ApacheKafka.On(copy.Data);
        second.MustEqual(Found.In(kafka.Bootstrap));
    }

    [ClientFact(Needs.Kcat | Needs.JavaTools)]
    public void We_serve_a_directory_that_Kafka_wrote_and_Kafka_reads_what_we_add()
    {
        using var folder = new DataFolder();
        Found first;
        List<string> committedByMembers;
        using (var kafka = ApacheKafka.On(folder.Data, OffsetsPartitions))
        {
            first = Fill(kafka.Bootstrap, "first");
            ReadAsMemberOfANewGroup(kafka.Bootstrap);
            committedByMembers = new Corpus(kafka.Bootstrap).Committed(NewGroup);
            kafka.Stop();
            folder.MustBeReadByDumpLog();
        }

        Found second;
        using (var broker = RealBroker.On(folder.Data))
        {
            first.MustEqual(Found.In(broker.Bootstrap));
            Assert.Equal(3, committedByMembers.Count);
            Assert.Equal(committedByMembers, new Corpus(broker.Bootstrap).Committed(NewGroup));
            new Corpus(broker.Bootstrap).Write("second");
            second = Found.In(broker.Bootstrap);
            broker.Stop();
        }

        folder.MustBeReadByDumpLog();
        Found third;
        using (var kafka = ApacheKafka.On(folder.Data))
        {
            second.MustEqual(Found.In(kafka.Bootstrap));
            new Corpus(kafka.Bootstrap).Write("third");
            third = Found.In(kafka.Bootstrap);
            kafka.Kill();
        }

        using var last = RealBroker.On(folder.Data);
        third.MustEqual(Found.In(last.Bootstrap));
    }

    private const string NewGroup = "members-of-the-new-protocol";

    private static Found Fill(string bootstrap, string round)
    {
        var corpus = new Corpus(bootstrap);
        corpus.Create();
        corpus.Write(round);
        return Found.In(bootstrap);
    }

    /// <summary>Its records in the group's partition are ones of KIP-848.</summary>
    private static void ReadAsMemberOfANewGroup(string bootstrap) =>
        new JavaTools(bootstrap).ConsoleConsumer("keyed", 9, "--group", NewGroup,
            "--command-property", "group.protocol=consumer").MustRun();

    private static void AssertEveryKindOfFile(SortedDictionary<string, int> read)
    {
        Assert.Superset(
            new HashSet<string>([".index", ".log", ".snapshot", ".timeindex"], StringComparer.Ordinal),
            read.Keys.ToHashSet(StringComparer.Ordinal));
        Assert.True(read[".log"] > 9, $"only {read[".log"]} segments");
        Assert.Contains(read.Keys, kind => kind.StartsWith("__consumer_offsets-", StringComparison.Ordinal));
        Assert.Contains("__cluster_metadata-0/.log", read.Keys);
    }

    /// <summary>What clients find in a broker.</summary>
    private sealed record Found(List<string> Records, List<string> Committed)
    {
        public static Found In(string bootstrap)
        {
            var corpus = new Corpus(bootstrap);
            return new Found(corpus.Records(), corpus.Committed());
        }

        public void MustEqual(Found other)
        {
            Assert.Equal(Records, other.Records);
            Assert.Equal(Committed, other.Committed);
            Assert.NotEmpty(Committed);
        }
    }
}
