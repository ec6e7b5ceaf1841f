using System;
using System.Collections.Generic;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// DescribeLogDirs (35), versions 1 to 5: the log directory of this node and how large each partition in it is.
/// </summary>
/// <remarks>
/// A node has one directory. Null topics means all; what is asked for and not here is left out. Knowingly absent:
/// the size
/// of the volume and what is free on it (-1: the kernel does not see it), future replicas, cordoned directories.
/// </remarks>
internal static class DescribeLogDirsApi
{
    private const long Unknown = -1;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DescribeLogDirsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var directory = new DescribeLogDirsResponse.DescribeLogDirsResult
        {
            LogDir = broker.Options.LogDirectoryName,
            TotalBytes = Unknown,
            UsableBytes = Unknown,
        };
        foreach (var (topic, partitions) in Select(broker, request))
        {
            var described = new DescribeLogDirsResponse.DescribeLogDirsTopic { Name = topic };
            foreach (var (_, partition) in partitions)
            {
                described.Partitions.Add(new DescribeLogDirsResponse.DescribeLogDirsPartition
                {
                    PartitionIndex = partition.Index,
                    PartitionSize = partition.Log?.SizeInBytes ?? 0,
                });
            }

            directory.Topics.Add(described);
        }

        exchange.Answer(new DescribeLogDirsResponse { Results = [directory] });
    }

    /// <summary>In the order of names and indexes, each once.</summary>
    private static SortedDictionary<string, SortedDictionary<int, Partition>> Select(
        Broker broker, DescribeLogDirsRequest request)
    {
        var selected = new SortedDictionary<string, SortedDictionary<int, Partition>>(StringComparer.Ordinal);
        if (request.Topics is null)
        {
            foreach (var partition in broker.Partitions.All)
            {
                Add(selected, partition);
            }

            return selected;
        }

        foreach (var topic in request.Topics)
        {
            foreach (var index in topic.Partitions)
            {
                if (broker.Partitions.Find(topic.Topic, index) is { } partition)
                {
                    Add(selected, partition);
                }
            }
        }

        return selected;
    }

    private static void Add(
        SortedDictionary<string, SortedDictionary<int, Partition>> selected, Partition partition)
    {
        if (!selected.TryGetValue(partition.Topic, out var partitions))
        {
            partitions = [];
            selected.Add(partition.Topic, partitions);
        }

        partitions[partition.Index] = partition;
    }
}
