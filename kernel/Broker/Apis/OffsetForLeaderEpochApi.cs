using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// OffsetForLeaderEpoch (23), versions 2 to 4: the end offset of the largest leader epoch not above the one asked for
/// (KIP-101, KIP-279); -1 and -1 where there is none.
/// </summary>
internal static class OffsetForLeaderEpochApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new OffsetForLeaderEpochRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var response = new OffsetForLeaderEpochResponse();
        foreach (var topic in request.Topics)
        {
            var answers = new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult { Topic = topic.Topic };
            response.Topics.Add(answers);
            foreach (var asked in topic.Partitions)
            {
                answers.Partitions.Add(AnswerFor(broker, topic.Topic, asked));
            }
        }

        exchange.Answer(response);
    }

    private static OffsetForLeaderEpochResponse.EpochEndOffset AnswerFor(
        Broker broker, string topic, OffsetForLeaderEpochRequest.OffsetForLeaderPartition asked)
    {
        var partition = broker.Partitions.Find(topic, asked.Partition);
        var answer = new OffsetForLeaderEpochResponse.EpochEndOffset
        {
            Partition = asked.Partition,
            LeaderEpoch = -1,
            EndOffset = -1,
        };
        if (partition?.Log is not { } log)
        {
            answer.ErrorCode = (short)LeaderCheck.Check(broker, partition, topic, asked.Partition);
            return answer;
        }

        if (asked.CurrentLeaderEpoch != -1 && asked.CurrentLeaderEpoch != partition.LeaderEpoch.Value)
        {
            var isOld = asked.CurrentLeaderEpoch < partition.LeaderEpoch.Value;
            answer.ErrorCode = (short)(isOld ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch);
            return answer;
        }

        if (!partition.IsLeader)
        {
            answer.ErrorCode = (short)ErrorCode.NotLeaderOrFollower;
            return answer;
        }

        var (epoch, end) = log.EndOffsetForEpoch(new LeaderEpoch(asked.LeaderEpoch));
        answer.LeaderEpoch = epoch.Value;
        answer.EndOffset = end.Value;
        return answer;
    }
}
