using System.Diagnostics;
using System.IO;
using System.Threading;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Perf.Load;

/// <summary>Makes the topic a load wants, anew.</summary>
internal static class Topics
{
    private const short CreateVersion = 5;

    public static void Create(BrokerConnection connection, LoadOptions options)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = options.Topic,
            NumPartitions = options.Partitions,
            ReplicationFactor = 1,
        };
        if (options.Durability is { } durability)
        {
            topic.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = "durability.mode", Value = durability });
        }

        var request = new CreateTopicsRequest { TimeoutMs = 10_000 };
        request.Topics.Add(topic);
        var error = connection.Ask<CreateTopicsResponse>(ApiKey.CreateTopics, CreateVersion, request).Topics[0];
        if (error.ErrorCode != 0)
        {
            throw new InvalidDataException($"The topic was not created: {error.ErrorCode} {error.ErrorMessage}");
        }

        WaitForLeaders(connection, options);
    }

    private static void WaitForLeaders(BrokerConnection connection, LoadOptions options)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < 30)
        {
            var request = new MetadataRequest { Topics = [new MetadataRequest.MetadataRequestTopic { Name = options.Topic }] };
            var answer = connection.Ask<MetadataResponse>(ApiKey.Metadata, 4, request);
            if (answer.Topics[0].ErrorCode == 0
                && answer.Topics[0].Partitions.Count == options.Partitions
                && answer.Topics[0].Partitions.TrueForAll(partition => partition.LeaderId >= 0)
                && AreServed(connection, options))
            {
                return;
            }

            Thread.Sleep(50);
        }

        throw new InvalidDataException("The topic's partitions have no leaders.");
    }

    /// <summary>A broker may be told of its leadership a moment after clients are.</summary>
    private static bool AreServed(BrokerConnection connection, LoadOptions options)
    {
        var topic = new ListOffsetsRequest.ListOffsetsTopic { Name = options.Topic };
        for (var partition = 0; partition < options.Partitions; partition++)
        {
            topic.Partitions.Add(new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = partition, Timestamp = -1 });
        }

        var request = new ListOffsetsRequest { ReplicaId = -1 };
        request.Topics.Add(topic);
        var answer = connection.Ask<ListOffsetsResponse>(ApiKey.ListOffsets, 5, request);
        return answer.Topics[0].Partitions.TrueForAll(partition => partition.ErrorCode == 0);
    }
}
