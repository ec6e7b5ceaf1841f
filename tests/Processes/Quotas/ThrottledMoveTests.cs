using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes.Quotas;

/// <summary>A partition that Kafka's own tool throttles moves no faster, and the tool takes the throttle back.</summary>
[Collection(ClientCollection.Name)]
public sealed class ThrottledMoveTests
{
    private const string Topic = "heavy";
    private const string Reassign = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
    private const int Records = 1_200;
    private const int RecordBytes = 10_000;
    private const int BytesPerSecond = 2_000_000;

    public ThrottledMoveTests()
    {
        ConfluentLibrary.Load();
    }

    [ClientFact(Needs.Librdkafka | Needs.JavaTools)]
    public async Task A_throttled_move_takes_its_time()
    {
        using var cluster = new ProcessCluster(isKafka: false);
        await Fill(cluster.Bootstrap);
        var plan = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            plan, $$"""{"version":1,"partitions":[{"topic":"{{Topic}}","partition":0,"replicas":[2,3]}]}""");
        var tools = new JavaTools(cluster.Bootstrap);
        string[] words = ["--reassignment-json-file", plan];

        var begun = Stopwatch.StartNew();
        tools.Run(Reassign, [.. words, "--execute", "--throttle", $"{BytesPerSecond}"])
            .MustContain($"The inter-broker throttle limit was set to {BytesPerSecond} B/s");
        Assert.Contains("is still in progress", tools.Run(Reassign, [.. words, "--verify", "--preserve-throttles"]).Output,
            StringComparison.Ordinal);
        ReadAsOldConsumersDo(cluster.Bootstrap);
        Assert.NotEqual([2, 3], Replicas(cluster.Bootstrap));
        while (Replicas(cluster.Bootstrap) is not [2, 3])
        {
            Assert.True(begun.Elapsed < TimeSpan.FromSeconds(60));
            Thread.Sleep(100);
        }

        // Two replicas are filled from one leader. The first second and the last batches may pass the rate.
        var least = (2.0 * Records * RecordBytes / BytesPerSecond) - 4;
        Assert.True(begun.Elapsed.TotalSeconds > least, $"moved in {begun.Elapsed.TotalSeconds:F1} s, not in {least:F1} s");
        tools.Run(Reassign, [.. words, "--verify"]).MustContain("Clearing broker-level throttles on brokers 1,2,3");
        Assert.DoesNotContain("throttled", tools.Topics("--describe", "--topic", Topic).Output, StringComparison.Ordinal);
        File.Delete(plan);
    }

    private static async Task Fill(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        var topic = new TopicSpecification
        {
            Name = Topic,
            NumPartitions = 1,
            ReplicationFactor = -1,
            ReplicasAssignments = new() { [0] = [1] },
        };
        await admin.CreateTopicsAsync([topic]);
        var config = new ProducerConfig { BootstrapServers = bootstrap };
        using var producer = new ProducerBuilder<Null, byte[]>(config).SetLogHandler((_, _) => { }).Build();
        var random = new Random(1);
        await Task.WhenAll(Enumerable.Range(0, Records).Select(_ =>
        {
            var value = new byte[RecordBytes];
            random.NextBytes(value);
            return producer.ProduceAsync(new TopicPartition(Topic, 0), new Message<Null, byte[]> { Value = value });
        }));
    }

    /// <summary>Consumers are not throttled, nor are those too old to know of racks (before version 11 of Fetch).</summary>
    private static void ReadAsOldConsumersDo(string bootstrap)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "old",
            ApiVersionRequest = false,
            BrokerVersionFallback = "0.11.0",
            MaxPartitionFetchBytes = 10 * RecordBytes,
        };
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(Topic, 0, 0));
        var begun = Stopwatch.StartNew();
        for (var i = 0; i < Records; i++)
        {
            Assert.NotNull(consumer.Consume(TimeSpan.FromSeconds(10)));
        }

        Assert.True(begun.Elapsed < TimeSpan.FromSeconds(5), $"read in {begun.Elapsed.TotalSeconds:F1} s");
    }

    private static List<int> Replicas(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        var partition = admin.GetMetadata(Topic, TimeSpan.FromSeconds(30)).Topics[0].Partitions[0];
        return [.. partition.Replicas.Order()];
    }
}
