using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Clients;
using Deterministic.Tests.Clients.Differential;
using Deterministic.Tests.Models.Nodes;
using Xunit;
using ErrorCode = Deterministic.Protocol.ErrorCode;
using Uuid = Deterministic.Primitives.Uuid;

namespace Deterministic.Tests.Processes.Hints;

/// <summary>
/// Who asks the leader of yesterday is told who leads today, in which epoch and where (KIP-951), by ours as by Apache Kafka; and
/// librdkafka's producer takes it from there.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class LeaderHintTests
{
    private const string Topic = "moved";
    private const int Old = 1;
    private const int New = 2;
    private const short FirstProduceWithId = 13;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ConcurrentQueue<string> _told = new();

    public LeaderHintTests()
    {
        ConfluentLibrary.Load();
    }

    [ClientFact(Needs.Librdkafka)]
    public Task A_producer_learns_who_leads_from_who_led() => LeaderMoves(isKafka: false);

    [ClientFact(Needs.Librdkafka | Needs.JavaTools)]
    public Task At_Apache_Kafka_it_does_the_same() => LeaderMoves(isKafka: true);

    private async Task LeaderMoves(bool isKafka)
    {
        using var cluster = new ProcessCluster([Node(1, isKafka), Node(2, isKafka), Node(3, isKafka)]);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = cluster.Bootstrap }).Build();
        await Create(admin);
        var addresses = cluster.Bootstrap.Split(',');
        using var old = Connect(addresses[Old - 1]);
        using var producer = Producer(cluster.Bootstrap);
        await Produce(producer, 0);
        var (id, before) = await LeaderIs(old, Old);

        var producing = ProduceUntilTold(producer);
        await Move(admin, old);
        var (_, epoch) = await LeaderIs(old, New);
        Assert.True(epoch > before, $"epoch {epoch} after {before}");
        AskedInVain(old, id, before, (New, epoch), (New, addresses[New - 1], "rack-2"));
        await producing;
        Assert.Contains(_told, line => line.EndsWith(
            FormattableString.Invariant($"updated with leader {New} and epoch {epoch}"), StringComparison.Ordinal));
    }

    private static NodePlan Node(int number, bool isKafka) => new(isKafka)
    {
        Settings = [FormattableString.Invariant($"broker.rack=rack-{number}"), "auto.leader.rebalance.enable=false"],
    };

    private static Wire Connect(string address)
    {
        var colon = address.LastIndexOf(':');
        return new Wire(address[..colon], int.Parse(address[(colon + 1)..], CultureInfo.InvariantCulture), Patience);
    }

    private static T Ask<T>(Wire wire, IRequest request, short version)
        where T : class, IMessage
    {
        var answer = wire.Ask(request, version);
        Assert.True(answer.Response is T, answer.Instead);
        return (T)answer.Response!;
    }

    private static Task Create(IAdminClient admin) => admin.CreateTopicsAsync([
        new TopicSpecification
        {
            Name = Topic,
            NumPartitions = 1,
            ReplicationFactor = -1,
            ReplicasAssignments = new() { [0] = [Old, New, 3] },
        },
    ]);

    /// <summary>The same replicas in another order, and then the first of them is to lead.</summary>
    private static async Task Move(IAdminClient admin, Wire wire)
    {
        var topic = new AlterPartitionReassignmentsRequest.ReassignableTopic { Name = Topic };
        topic.Partitions.Add(new AlterPartitionReassignmentsRequest.ReassignablePartition { Replicas = [New, Old, 3] });
        var moved = Ask<AlterPartitionReassignmentsResponse>(
            wire, new AlterPartitionReassignmentsRequest { Topics = [topic] }, 0);
        Assert.Equal((0, 0), (moved.ErrorCode, moved.Responses[0].Partitions[0].ErrorCode));
        await admin.ElectLeadersAsync(ElectionType.Preferred, [new TopicPartition(Topic, 0)]);
    }

    /// <summary>Asks until this node knows it; the topic's id and the leader epoch.</summary>
    private static async Task<(Uuid Id, int Epoch)> LeaderIs(Wire wire, int leader)
    {
        var limit = Stopwatch.StartNew();
        while (true)
        {
            var asked = new MetadataRequest.MetadataRequestTopic { Name = Topic };
            var answer = Ask<MetadataResponse>(wire, new MetadataRequest { Topics = [asked] }, 12);
            if (answer.Topics[0] is { ErrorCode: 0, Partitions: [{ ErrorCode: 0 } partition] } && partition.LeaderId == leader)
            {
                return (answer.Topics[0].TopicId, partition.LeaderEpoch);
            }

            Assert.True(limit.Elapsed < Patience, $"{leader} does not lead");
            await Task.Delay(20);
        }
    }

    /// <summary>Produce in all versions that tell, and Fetch in the epoch that is over, to the old leader.</summary>
    private static void AskedInVain(
        Wire wire, Uuid id, int epochBefore, (int Id, int Epoch) leader, (int Id, string Address, string Rack) node)
    {
        for (short version = 10; version <= FirstProduceWithId; version++)
        {
            var request = NodeDriver.Produce(Topic, 0, NodeDriver.Batch(1));
            request.TopicData[0].TopicId = id;
            var answer = Ask<ProduceResponse>(wire, request, version);
            var partition = answer.Responses[0].PartitionResponses[0];
            Assert.Equal(ErrorCode.NotLeaderOrFollower, (ErrorCode)partition.ErrorCode);
            Assert.Equal(leader, (partition.CurrentLeader.LeaderId, partition.CurrentLeader.LeaderEpoch));
            Assert.Equal(
                [node], answer.NodeEndpoints.Select(told => (told.NodeId, Address(told.Host, told.Port), told.Rack ?? "")));
        }

        foreach (short version in new[] { 16, 17 })
        {
            var request = NodeDriver.Fetch(Topic, 0, 0);
            request.Topics[0].TopicId = id;
            request.Topics[0].Partitions[0].CurrentLeaderEpoch = epochBefore;
            var answer = Ask<FetchResponse>(wire, request, version);
            var partition = answer.Responses[0].Partitions[0];
            Assert.Equal(ErrorCode.FencedLeaderEpoch, (ErrorCode)partition.ErrorCode);
            Assert.Equal(leader, (partition.CurrentLeader.LeaderId, partition.CurrentLeader.LeaderEpoch));
            Assert.Equal(
                [node], answer.NodeEndpoints.Select(told => (told.NodeId, Address(told.Host, told.Port), told.Rack ?? "")));
        }
    }

    private static string Address(string host, int port) => FormattableString.Invariant($"{host}:{port}");

    /// <summary>The old leader has to be asked in vain: whoever pauses over the move may hear of it by metadata first.</summary>
    private async Task ProduceUntilTold(IProducer<Null, string> producer)
    {
        var limit = Stopwatch.StartNew();
        var sent = 1;
        for (; _told.IsEmpty; sent++)
        {
            Assert.True(limit.Elapsed < Patience, "nobody told the producer who leads");
            await Produce(producer, sent);
        }

        await Produce(producer, sent);
    }

    private static async Task Produce(IProducer<Null, string> producer, int number)
    {
        var sent = await producer.ProduceAsync(
            new TopicPartition(Topic, 0), new Message<Null, string> { Value = $"value {number}" });
        Assert.Equal(number, sent.Offset.Value);
    }

    /// <summary>
    /// Nothing but a hint in an answer makes librdkafka log METADATAUPDATE. (Its metadata.max.age.ms must be less than 2,147 s,
    /// which is all that its counter of microseconds takes; else it knows no topic that a hint could be about.)
    /// </summary>
    private IProducer<Null, string> Producer(string bootstrap)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
            LingerMs = 0,
            TopicMetadataRefreshIntervalMs = 600_000,
            Debug = "metadata",
        };
        return new ProducerBuilder<Null, string>(config).SetLogHandler((_, entry) =>
        {
            if (entry.Facility == "METADATAUPDATE")
            {
                _told.Enqueue(entry.Message);
            }
        }).Build();
    }
}
