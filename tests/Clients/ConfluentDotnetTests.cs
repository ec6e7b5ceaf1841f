using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>Confluent.Kafka 2.15.1 on librdkafka 2.15.1: the client most .NET programs use.</summary>
[Collection(ClientCollection.Name)]
public sealed class ConfluentDotnetTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly string _bootstrap;

    public ConfluentDotnetTests(TestBroker broker)
    {
        _bootstrap = broker.Bootstrap;
        ConfluentLibrary.Load();
    }

    [ClientFact(Needs.Librdkafka)]
    public async Task An_idempotent_producers_records_are_read_back_in_order()
    {
        var topic = await CreateTopic(2);
        var offsets = await Produce(topic, 5000, 2, CompressionType.Zstd);
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => (long)(i / 2)), offsets);
        using var consumer = Consumer(TestBroker.Fresh("group"));
        consumer.Assign([new TopicPartitionOffset(topic, 0, 0), new TopicPartitionOffset(topic, 1, 0)]);
        var next = new long[2];
        for (var i = 0; i < 5000; i++)
        {
            var read = consumer.Consume(Deadline);
            Assert.NotNull(read);
            Assert.Equal(next[read.Partition.Value]++, read.Offset.Value);
            var number = read.Offset.Value * 2 + read.Partition.Value;
            Assert.Equal($"value {number}", read.Message.Value);
            Assert.Equal($"{number}", Encoding.UTF8.GetString(read.Message.Headers.GetLastBytes("number")));
        }
    }

    [ClientTheory(Needs.Librdkafka)]
    [InlineData(PartitionAssignmentStrategy.Range, false)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky, true)]
    public async Task A_group_of_two_reads_each_record_once_and_commits(
        PartitionAssignmentStrategy strategy, bool isStatic)
    {
        var topic = await CreateTopic(4);
        var group = TestBroker.Fresh("group");
        IConsumer<string, string>[] members = [Member(0), Member(1)];
        IConsumer<string, string> Member(int number)
        {
            var member = Consumer(group, strategy, isStatic ? $"instance-{number}" : null);
            member.Subscribe(topic);
            return member;
        }

        Poll(members, () => members.All(m => m.Assignment.Count == 2), _ => Assert.Fail("nothing was sent yet"));
        await Produce(topic, 400, 4, CompressionType.None);
        var seen = new HashSet<TopicPartitionOffset>();
        Poll(members, () => seen.Count == 400, read => Assert.True(seen.Add(read.TopicPartitionOffset)));
        foreach (var member in members)
        {
            member.Commit();
        }

        await ExpectGroup(group, ConsumerGroupState.Stable, members: 2);
        foreach (var member in members)
        {
            member.Close();
            member.Dispose();
        }

        using var admin = Admin();
        var committed = (await admin.ListConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitions(group, null)]))[0];
        Assert.Equal([100L, 100, 100, 100], committed.Partitions.Select(p => p.Offset.Value));
        if (!isStatic)
        {
            await ExpectGroup(group, ConsumerGroupState.Empty, members: 0);
            await admin.DeleteGroupsAsync([group]);
        }
    }

    [ClientFact(Needs.Librdkafka)]
    public async Task Topics_and_configurations_are_administered()
    {
        var topic = await CreateTopic(1);
        using var admin = Admin();
        var twice = await Assert.ThrowsAsync<CreateTopicsException>(() =>
            admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = 1 }]));
        Assert.Equal(ErrorCode.TopicAlreadyExists, twice.Results[0].Error.Code);
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 3 }]);
        var described = await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]), new());
        Assert.Equal(3, described.TopicDescriptions[0].Partitions.Count);
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = topic };
        List<ConfigEntry> entries =
        [
            new() { Name = "retention.ms", Value = "123456", IncrementalOperation = AlterConfigOpType.Set },
            new() { Name = "cleanup.policy", Value = "compact", IncrementalOperation = AlterConfigOpType.Append },
        ];
        await admin.IncrementalAlterConfigsAsync(new() { [resource] = entries });
        var configs = (await admin.DescribeConfigsAsync([resource]))[0].Entries;
        Assert.Equal("123456", configs["retention.ms"].Value);
        Assert.Equal("delete,compact", configs["cleanup.policy"].Value);
        Assert.True(configs["segment.bytes"].IsDefault);
        var cluster = await admin.DescribeClusterAsync();
        Assert.Equal(_bootstrap, $"{cluster.Controller.Host}:{cluster.Controller.Port}");
        await admin.DeleteTopicsAsync([topic]);
        Assert.DoesNotContain(admin.GetMetadata(Deadline).Topics, t => t.Topic == topic);
    }

    [ClientFact(Needs.Librdkafka)]
    public async Task Offsets_are_listed_records_deleted_and_group_offsets_altered()
    {
        var topic = await CreateTopic(1);
        await Produce(topic, 100, 1, CompressionType.Lz4);
        using var admin = Admin();
        var partition = new TopicPartition(topic, 0);
        Assert.Equal(100, await OffsetOf(admin, partition, OffsetSpec.Latest()));
        Assert.Equal(0, await OffsetOf(admin, partition, OffsetSpec.Earliest()));
        Assert.Equal(0, await OffsetOf(admin, partition, OffsetSpec.ForTimestamp(1)));
        var deleted = await admin.DeleteRecordsAsync([new TopicPartitionOffset(partition, 40)]);
        Assert.Equal(40, deleted[0].Offset.Value);
        Assert.Equal(40, await OffsetOf(admin, partition, OffsetSpec.Earliest()));

        var group = TestBroker.Fresh("group");
        TopicPartitionOffset chosen = new(partition, 77);
        await admin.AlterConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitionOffsets(group, [chosen])]);
        using var consumer = Consumer(group);
        Assert.Equal(77, consumer.Committed([partition], Deadline)[0].Offset.Value);
        var groups = await admin.ListConsumerGroupsAsync();
        Assert.Contains(groups.Valid, g => g.GroupId == group);
        await admin.DeleteGroupsAsync([group]);
    }

    private static void Poll(
        IConsumer<string, string>[] members, Func<bool> isDone, Action<ConsumeResult<string, string>> onRecord)
    {
        var until = DateTime.UtcNow + Deadline;
        while (!isDone())
        {
            Assert.True(DateTime.UtcNow < until,
                "assignments: " + string.Join(" / ", members.Select(m => string.Join(", ", m.Assignment))));
            foreach (var member in members)
            {
                if (member.Consume(50) is { } read)
                {
                    onRecord(read);
                }
            }
        }
    }

    private static async Task<long> OffsetOf(IAdminClient admin, TopicPartition partition, OffsetSpec spec)
    {
        var listed = await admin.ListOffsetsAsync([new() { TopicPartition = partition, OffsetSpec = spec }], new());
        return listed.ResultInfos[0].TopicPartitionOffsetError.Offset.Value;
    }

    private async Task ExpectGroup(string group, ConsumerGroupState state, int members)
    {
        using var admin = Admin();
        var described = (await admin.DescribeConsumerGroupsAsync([group])).ConsumerGroupDescriptions[0];
        Assert.Equal(state, described.State);
        Assert.Equal(members, described.Members.Count);
    }

    private async Task<string> CreateTopic(int partitions)
    {
        var topic = TestBroker.Fresh("dotnet");
        using var admin = Admin();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions }]);
        return topic;
    }

    private async Task<long[]> Produce(string topic, int count, int partitions, CompressionType compression)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = _bootstrap,
            EnableIdempotence = true,
            LingerMs = 5,
            CompressionType = compression,
        };
        using var producer = new ProducerBuilder<string, string>(config).Build();
        var sent = new Task<DeliveryResult<string, string>>[count];
        for (var i = 0; i < count; i++)
        {
            sent[i] = producer.ProduceAsync(new TopicPartition(topic, i % partitions), new Message<string, string>
            {
                Key = $"key {i}",
                Value = $"value {i}",
                Headers = [new Header("number", Encoding.UTF8.GetBytes($"{i}"))],
            });
        }

        return [.. (await Task.WhenAll(sent)).Select(result => result.Offset.Value)];
    }

    private IAdminClient Admin() =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _bootstrap }).Build();

    private IConsumer<string, string> Consumer(
        string group, PartitionAssignmentStrategy? strategy = null, string? instance = null) =>
        new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = _bootstrap,
            GroupId = group,
            GroupInstanceId = instance,
            PartitionAssignmentStrategy = strategy,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            CheckCrcs = true,
        }).Build();
}
