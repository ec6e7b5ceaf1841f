using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// A partition named more than once in one Produce: Kafka takes what is said of it last, and answers once.
/// </summary>
internal static class ProduceMentions
{
    public static bool HasRepeated(ProduceRequest request)
    {
        if (request.TopicData.Count == 0 || (request.TopicData.Count == 1 && IsAscending(request.TopicData[0])))
        {
            return false;
        }

        var seen = new HashSet<(string Name, Uuid Id, int Partition)>();
        foreach (var topic in request.TopicData)
        {
            foreach (var data in topic.PartitionData)
            {
                if (!seen.Add((topic.Name, topic.TopicId, data.Index)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsAscending(ProduceRequest.TopicProduceData topic)
    {
        for (var i = 1; i < topic.PartitionData.Count; i++)
        {
            if (topic.PartitionData[i].Index <= topic.PartitionData[i - 1].Index)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Leaves each partition once, where it was first named, with the records that were named last.</summary>
    public static void KeepLast(ProduceRequest request)
    {
        var kept = new List<ProduceRequest.TopicProduceData>();
        var topics = new Dictionary<(string Name, Uuid Id), ProduceRequest.TopicProduceData>();
        var partitions = new Dictionary<(string Name, Uuid Id, int Partition), ProduceRequest.PartitionProduceData>();
        foreach (var topic in request.TopicData)
        {
            if (!topics.TryGetValue((topic.Name, topic.TopicId), out var one))
            {
                one = new ProduceRequest.TopicProduceData { Name = topic.Name, TopicId = topic.TopicId };
                topics.Add((topic.Name, topic.TopicId), one);
                kept.Add(one);
            }

            foreach (var data in topic.PartitionData)
            {
                if (partitions.TryAdd((topic.Name, topic.TopicId, data.Index), data))
                {
                    one.PartitionData.Add(data);
                }
                else
                {
                    partitions[(topic.Name, topic.TopicId, data.Index)].Records = data.Records;
                }
            }
        }

        request.TopicData = kept;
    }
}
