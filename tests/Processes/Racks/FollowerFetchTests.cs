using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes.Racks;

/// <summary>
/// A consumer of librdkafka's reads from the follower in its own rack, and from the leader again when that is gone (KIP-392); at
/// ours and at Apache Kafka's alike.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class FollowerFetchTests
{
    private const string Topic = "near";
    private const int Leader = 1;
    private const int Nearest = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public FollowerFetchTests()
    {
        ConfluentLibrary.Load();
    }

    [ClientTheory(Needs.Librdkafka | Needs.JavaTools)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_consumer_reads_in_its_own_rack_and_from_the_leader_when_nobody_is_there(bool isKafka)
    {
        using var cluster = new ProcessCluster([Node(1, isKafka), Node(2, isKafka), Node(3, isKafka)]);
        await Create(cluster.Bootstrap);
        await Produce(cluster.Bootstrap, 0, 1_000);
        var readsFrom = -1;
        using var consumer = Consumer(cluster.Bootstrap, broker => readsFrom = broker);
        consumer.Assign(new TopicPartitionOffset(Topic, 0, 0));

        Read(consumer, 0, 1_000);
        WaitFor(consumer, () => readsFrom == Nearest, () => $"read from {readsFrom}");
        await Produce(cluster.Bootstrap, 1_000, 2_000);
        Read(consumer, 1_000, 2_000);

        cluster.Kill(Nearest);
        await Produce(cluster.Bootstrap, 2_000, 3_000);
        Read(consumer, 2_000, 3_000);
        WaitFor(consumer, () => readsFrom == Leader, () => $"read from {readsFrom}");
    }

    private static NodePlan Node(int number, bool isKafka) => new(isKafka)
    {
        Settings =
        [
            $"broker.rack=rack-{number}",
            "replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector",
            "group.initial.rebalance.delay.ms=0",
        ],
    };

    private static async Task Create(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        var replicas = new Dictionary<int, List<int>> { [0] = [Leader, Nearest, 3] };
        var topic = new TopicSpecification
        {
            Name = Topic,
            NumPartitions = 1,
            ReplicationFactor = -1,
            ReplicasAssignments = replicas,
        };
        await admin.CreateTopicsAsync([topic]);
    }

    private static async Task Produce(string bootstrap, int from, int to)
    {
        var config = new ProducerConfig { BootstrapServers = bootstrap, EnableIdempotence = true };
        using var producer = new ProducerBuilder<Null, string>(config).SetLogHandler((_, _) => { }).Build();
        await Task.WhenAll(Enumerable.Range(from, to - from).Select(i => producer.ProduceAsync(
            new TopicPartition(Topic, 0), new Message<Null, string> { Value = $"value {i}" })));
    }

    private static IConsumer<Ignore, string> Consumer(string bootstrap, Action<int> readsFrom)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "near",
            ClientRack = $"rack-{Nearest}",
            StatisticsIntervalMs = 100,
        };
        return new ConsumerBuilder<Ignore, string>(config).SetLogHandler((_, _) => { }).SetStatisticsHandler((_, json) =>
        {
            using var statistics = JsonDocument.Parse(json);
            if (statistics.RootElement.GetProperty("topics").TryGetProperty(Topic, out var topic)
                && topic.GetProperty("partitions").TryGetProperty("0", out var partition))
            {
                readsFrom(partition.GetProperty("broker").GetInt32());
            }
        }).Build();
    }

    private static void Read(IConsumer<Ignore, string> consumer, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            var read = consumer.Consume(Patience);
            Assert.NotNull(read);
            Assert.Equal($"value {i}", read.Message.Value);
        }
    }

    private static void WaitFor(IConsumer<Ignore, string> consumer, Func<bool> isMet, Func<string> what)
    {
        var limit = Stopwatch.StartNew();
        while (!isMet())
        {
            Assert.True(limit.Elapsed < Patience, what());
            consumer.Consume(TimeSpan.FromMilliseconds(50));
        }
    }
}
