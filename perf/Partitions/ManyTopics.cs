using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Deterministic.Perf.Load;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Perf.Partitions;

/// <summary>
/// Topics of three replicas, a thousand partitions each: made, looked at, and written to, partition by partition.
/// </summary>
internal sealed class ManyTopics
{
    private const int PerTopic = 1_000;
    private const short CreateVersion = 5;
    private const short MetadataVersion = 9;
    private const short ProduceVersion = 9;

    private readonly List<(string Name, int Partitions)> _topics = [];
    private readonly byte[] _batch;

    public ManyTopics(int partitions)
    {
        for (var left = partitions; left > 0; left -= PerTopic)
        {
            _topics.Add((string.Create(CultureInfo.InvariantCulture, $"many-{_topics.Count}"), Math.Min(left, PerTopic)));
        }

        var builder = new RecordBatchBuilder(4096);
        builder.Begin(new BatchOptions());
        builder.TryAppend(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), NullableBytes.Null, new NullableBytes(new byte[100]));
        _batch = builder.Build().ToArray();
    }

    public void Create(BrokerConnection connection)
    {
        foreach (var (name, partitions) in _topics)
        {
            var request = new CreateTopicsRequest { TimeoutMs = 60_000 };
            request.Topics.Add(new CreateTopicsRequest.CreatableTopic
            {
                Name = name,
                NumPartitions = partitions,
                ReplicationFactor = ThreeProcesses.Count,
                Configs = [new CreateTopicsRequest.CreatableTopicConfig { Name = "min.insync.replicas", Value = "2" }],
            });
            var made = connection.Ask<CreateTopicsResponse>(ApiKey.CreateTopics, CreateVersion, request).Topics[0];
            while ((ErrorCode)made.ErrorCode is ErrorCode.NotController or ErrorCode.RequestTimedOut)
            {
                // The active controller was another one when the request arrived: clients try again.
                made = connection.Ask<CreateTopicsResponse>(ApiKey.CreateTopics, CreateVersion, request).Topics[0];
            }

            if ((ErrorCode)made.ErrorCode is not (ErrorCode.None or ErrorCode.TopicAlreadyExists))
            {
                throw new InvalidDataException($"{name} was not created: {made.ErrorCode} {made.ErrorMessage}");
            }
        }
    }

    /// <summary>Brokers that a node knows to be alive.</summary>
    public static int Alive(BrokerConnection connection) =>
        connection.Ask<MetadataResponse>(ApiKey.Metadata, MetadataVersion, new MetadataRequest { Topics = [] }).Brokers.Count;

    /// <summary>
    /// Partitions that, as this node sees them, are led by somebody else than <paramref name="dead"/> and have at least so many
    /// replicas in sync.
    /// </summary>
    public int Led(BrokerConnection connection, int inSync, int dead = -1)
    {
        var led = 0;
        foreach (var partition in Look(connection))
        {
            var isLed = partition.Data.ErrorCode is 0 or (short)ErrorCode.ReplicaNotAvailable
                && partition.Data.LeaderId >= 0 && partition.Data.LeaderId != dead;
            led += isLed && partition.Data.IsrNodes.Count >= inSync ? 1 : 0;
        }

        return led;
    }

    /// <summary>
    /// Writes one record into every partition of <paramref name="left"/>, with acks=all and one request for each leader and
    /// topic, and takes out those that were acknowledged.
    /// </summary>
    public void Write(BrokerConnection view, Dictionary<int, BrokerConnection> leaders, HashSet<(string, int)> left)
    {
        var requests = new SortedDictionary<(int Leader, string Topic), ProduceRequest.TopicProduceData>();
        foreach (var (topic, data) in Look(view))
        {
            if (left.Contains((topic, data.PartitionIndex)) && leaders.ContainsKey(data.LeaderId))
            {
                if (!requests.TryGetValue((data.LeaderId, topic), out var asked))
                {
                    asked = new ProduceRequest.TopicProduceData { Name = topic };
                    requests.Add((data.LeaderId, topic), asked);
                }

                asked.PartitionData.Add(new ProduceRequest.PartitionProduceData
                {
                    Index = data.PartitionIndex,
                    Records = new Deterministic.Protocol.Records((byte[])_batch.Clone()),
                });
            }
        }

        foreach (var ((leader, _), asked) in requests)
        {
            var request = new ProduceRequest { Acks = -1, TimeoutMs = 30_000, TopicData = [asked] };
            var answer = leaders[leader].Ask<ProduceResponse>(ApiKey.Produce, ProduceVersion, request);
            foreach (var partition in answer.Responses[0].PartitionResponses)
            {
                if (partition.ErrorCode == 0)
                {
                    left.Remove((asked.Name, partition.Index));
                }
            }
        }
    }

    public HashSet<(string Topic, int Partition)> All()
    {
        var all = new HashSet<(string, int)>();
        foreach (var (name, partitions) in _topics)
        {
            for (var i = 0; i < partitions; i++)
            {
                all.Add((name, i));
            }
        }

        return all;
    }

    private IEnumerable<(string Topic, MetadataResponse.MetadataResponsePartition Data)> Look(BrokerConnection connection)
    {
        var request = new MetadataRequest { Topics = [] };
        foreach (var (name, _) in _topics)
        {
            request.Topics.Add(new MetadataRequest.MetadataRequestTopic { Name = name });
        }

        foreach (var topic in connection.Ask<MetadataResponse>(ApiKey.Metadata, MetadataVersion, request).Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                yield return (topic.Name!, partition);
            }
        }
    }
}
