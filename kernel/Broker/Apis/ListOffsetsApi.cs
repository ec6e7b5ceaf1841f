using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// ListOffsets (2), versions 1 to 11: the offset of a timestamp, or of one of Kafka's special timestamps.
/// </summary>
/// <remarks>
/// A positive timestamp answers with the first record, not batch, whose timestamp is at least that. Knowingly absent:
/// tiered storage, so that the earliest local offset is the earliest, and nothing is tiered.
/// </remarks>
internal static class ListOffsetsApi
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const long MaxTimestamp = -3;
    private const long EarliestLocal = -4;
    private const long LatestTiered = -5;
    private const long EarliestPendingUpload = -6;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new ListOffsetsRequest();
        if (exchange.TryRead(request))
        {
            Routine.Run(Answer(broker, exchange, request));
        }
    }

    private static IEnumerator<Ticket> Answer(Broker broker, Exchange exchange, ListOffsetsRequest request)
    {
        var response = new ListOffsetsResponse();
        var duplicates = Duplicates.Of(request);
        var answered = new HashSet<(string Topic, int Partition)>();
        foreach (var topic in request.Topics)
        {
            var answers = new ListOffsetsResponse.ListOffsetsTopicResponse { Name = topic.Name };
            response.Topics.Add(answers);
            foreach (var asked in topic.Partitions)
            {
                if (!answered.Add((topic.Name, asked.PartitionIndex)))
                {
                    continue;
                }

                var answer = new ListOffsetsResponse.ListOffsetsPartitionResponse
                {
                    PartitionIndex = asked.PartitionIndex,
                    Offset = -1,
                    Timestamp = -1,
                    LeaderEpoch = -1,
                };
                answers.Partitions.Add(answer);
                if (duplicates.Contains((topic.Name, asked.PartitionIndex)))
                {
                    answer.ErrorCode = (short)ErrorCode.InvalidRequest;
                    continue;
                }

                var partition = broker.Partitions.Find(topic.Name, asked.PartitionIndex);
                answer.ErrorCode = (short)Check(broker, topic.Name, partition, asked, exchange.Version);
                if (answer.ErrorCode == 0)
                {
                    var inner = Find(partition!, asked.Timestamp, answer);
                    while (inner.MoveNext())
                    {
                        yield return inner.Current;
                    }
                }
            }
        }

        exchange.Answer(response);
    }

    private static ErrorCode Check(
        Broker broker,
        string topic,
        Partition? partition,
        ListOffsetsRequest.ListOffsetsPartition asked,
        short version)
    {
        if (LowestVersionOf(asked.Timestamp) > version)
        {
            return ErrorCode.UnsupportedVersion;
        }

        if (partition?.Log is null)
        {
            return LeaderCheck.Check(broker, partition, topic, asked.PartitionIndex);
        }

        if (asked.CurrentLeaderEpoch != -1 && asked.CurrentLeaderEpoch != partition.LeaderEpoch.Value)
        {
            return asked.CurrentLeaderEpoch < partition.LeaderEpoch.Value
                ? ErrorCode.FencedLeaderEpoch
                : ErrorCode.UnknownLeaderEpoch;
        }

        return partition.IsLeader ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
    }

    private static int LowestVersionOf(long timestamp) => timestamp switch
    {
        >= 0 or Latest or Earliest => 1,
        MaxTimestamp => 7,
        EarliestLocal => 8,
        LatestTiered => 9,
        EarliestPendingUpload => 11,
        _ => int.MaxValue,
    };

    private static IEnumerator<Ticket> Find(
        Partition partition, long timestamp, ListOffsetsResponse.ListOffsetsPartitionResponse answer)
    {
        var log = partition.Log!;
        switch (timestamp)
        {
            case Latest:
                answer.Offset = partition.HighWatermark.Value;
                answer.LeaderEpoch = partition.LeaderEpoch.Value;
                yield break;
            case Earliest or EarliestLocal:
                answer.Offset = log.LogStartOffset.Value;
                answer.LeaderEpoch = log.EpochOf(log.LogStartOffset).Value;
                yield break;
            case LatestTiered or EarliestPendingUpload:
                yield break;
            default:
                break;
        }

        TimestampAnswer? searched = null;
        var inner = log.OffsetForTimestamp(timestamp, partition.HighWatermark, result => searched = result);
        while (inner.MoveNext())
        {
            yield return inner.Current;
        }

        if (searched is not { } found)
        {
            // The replica moved away, or the topic was deleted, while its files were read.
            answer.ErrorCode = (short)ErrorCode.NotLeaderOrFollower;
            yield break;
        }

        answer.Offset = found.Offset.Value;
        answer.Timestamp = found.TimestampMs;
        answer.LeaderEpoch = found.LeaderEpoch.Value;
    }

    /// <summary>Partitions named more than once: Kafka answers INVALID_REQUEST, once for all mentions.</summary>
    private static class Duplicates
    {
        public static HashSet<(string Topic, int Partition)> Of(ListOffsetsRequest request)
        {
            var once = new HashSet<(string, int)>();
            var twice = new HashSet<(string, int)>();
            foreach (var topic in request.Topics)
            {
                foreach (var partition in topic.Partitions)
                {
                    if (!once.Add((topic.Name, partition.PartitionIndex)))
                    {
                        twice.Add((topic.Name, partition.PartitionIndex));
                    }
                }
            }

            return twice;
        }
    }
}
