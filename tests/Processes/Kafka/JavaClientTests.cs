using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using Confluent.Kafka;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes.Kafka;

/// <summary>
/// Kafka's own clients, a verifiable producer and a console consumer in a group, while the leaders of their partitions are killed
/// one after the other, the group's coordinator and the active controller among them.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class JavaClientTests : IDisposable
{
    private const string Topic = "java";
    private const int Partitions = 3;
    private const int Records = 6_000;
    private const int RecordsPerSecond = 250;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    [ClientFact(Needs.Librdkafka | Needs.JavaTools)]
    public void Kafkas_clients_lose_and_double_nothing_when_leaders_are_killed()
    {
        ConfluentLibrary.Load();
        using var cluster = new ProcessCluster(isKafka: false);
        var tools = new JavaTools(cluster.Bootstrap);
        tools.Topics(
            "--create", "--topic", Topic, "--partitions", "3", "--replication-factor", "3", "--config", "min.insync.replicas=2");
        using var producer = Producer(cluster.Bootstrap).Start();
        using var consumer = Consumer(tools).Start();
        WaitFor("records", () => End(cluster.Bootstrap) > 500);
        for (var partition = 0; partition < Partitions; partition++)
        {
            var victim = Partition(cluster.Bootstrap, partition).Leader;
            cluster.Kill(victim);
            WaitFor(
                "another leader",
                () => Partition(cluster.Bootstrap, partition).Leader is var now && now >= 1 && now != victim);
            var before = 0L;
            WaitFor("an end", () => (before = End(cluster.Bootstrap)) > 0);
            WaitFor("the rest to go on", () => End(cluster.Bootstrap) > Math.Min(before + 200, Records - 1));
            cluster.Start(victim);
            cluster.WaitUntilServing(victim);
            WaitFor("its replicas to be in sync", () => Enumerable.Range(0, Partitions).All(
                one => Partition(cluster.Bootstrap, one).InSyncReplicas.Length == ProcessCluster.Count));
        }

        Check(Acknowledged(producer.WaitForEnd().MustSucceed()), Read(consumer.WaitForEnd()));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Everything acknowledged was read where it was acknowledged, and no value stands in two places.</summary>
    private static void Check(List<(Place Place, string Value)> acknowledged, SortedDictionary<Place, string> read)
    {
        Assert.Equal(Records, acknowledged.Count);
        foreach (var (place, value) in acknowledged)
        {
            Assert.True(read.TryGetValue(place, out var found), $"acknowledged and not read: {value} at {place}");
            Assert.Equal(value, found);
        }

        Assert.Equal(read.Count, read.Values.Distinct(StringComparer.Ordinal).Count());
    }

    private Tool Producer(string bootstrap)
    {
        var properties = Path.Combine(_folder.Path, "producer.properties");
        File.WriteAllLines(properties,
            ["enable.idempotence=true", "retries=2147483647", "request.timeout.ms=5000", "delivery.timeout.ms=60000"]);
        return ApacheKafka.Java(
            "org.apache.kafka.tools.VerifiableProducer", "--bootstrap-server", bootstrap, "--topic", Topic, "--acks", "-1",
            "--max-messages", Text($"{Records}"), "--throughput", Text($"{RecordsPerSecond}"), "--command-config", properties)
            with { Deadline = TimeSpan.FromMinutes(3) };
    }

    /// <summary>It ends when nothing came for a while.</summary>
    private static Tool Consumer(JavaTools tools) => tools.Prepare(
        "org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", Topic, "--group", "readers", "--from-beginning",
        "--timeout-ms", "15000", "--formatter-property", "print.partition=true", "--formatter-property", "print.offset=true")
        with { Deadline = TimeSpan.FromMinutes(3) };

    private static List<(Place Place, string Value)> Acknowledged(ToolOutcome producer)
    {
        var found = new List<(Place, string)>();
        foreach (var line in producer.Lines)
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            if (root.GetProperty("name").GetString() == "producer_send_success")
            {
                var place = new Place(root.GetProperty("partition").GetInt32(), root.GetProperty("offset").GetInt64());
                found.Add((place, root.GetProperty("value").GetString()!));
            }
        }

        return found;
    }

    /// <summary>A member that takes a partition over reads some of it again; what stands in a place must not change.</summary>
    private static SortedDictionary<Place, string> Read(ToolOutcome consumer)
    {
        var found = new SortedDictionary<Place, string>();
        foreach (var line in consumer.Lines)
        {
            // Partition:0 Offset:17 value, with tabs between
            if (line.Split('\t') is [var partition, var offset, var value])
            {
                var place = new Place(Number(partition), Number(offset));
                Assert.Equal(value, found.GetValueOrDefault(place, value));
                found[place] = value;
            }
        }

        Assert.True(found.Count > 0, consumer.ToString());
        return found;
    }

    private static int Number(string named) =>
        int.Parse(named[(named.IndexOf(':', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture);

    private static PartitionMetadata Partition(string bootstrap, int partition)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap })
            .SetLogHandler((_, _) => { }).Build();
        return admin.GetMetadata(Topic, Patience).Topics[0].Partitions.Find(one => one.PartitionId == partition)!;
    }

    /// <summary>Asked by a new client each time: an idle one goes on asking the leader that is dead.</summary>
    private static long End(string bootstrap)
    {
        using var client = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "watch" }).SetLogHandler((_, _) => { }).Build();
        return Enumerable.Range(0, Partitions).Sum(
            partition => client.QueryWatermarkOffsets(new TopicPartition(Topic, partition), Patience).High.Value);
    }

    private static void WaitFor(string what, Func<bool> isMet)
    {
        var limit = Stopwatch.StartNew();
        while (!IsMet(isMet))
        {
            Thread.Sleep(100);
            Assert.True(limit.Elapsed < Patience, "waited in vain for " + what);
        }
    }

    private static bool IsMet(Func<bool> isMet)
    {
        try
        {
            return isMet();
        }
        catch (KafkaException)
        {
            // Whoever was asked has just been killed, or does not lead yet.
            return false;
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Place(int Partition, long Offset) : IComparable<Place>
    {
        public int CompareTo(Place other) => (Partition, Offset).CompareTo((other.Partition, other.Offset));
    }
}
