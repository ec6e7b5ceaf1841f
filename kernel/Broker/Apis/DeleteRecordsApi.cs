using Deterministic.Broker.Boundary;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// DeleteRecords (21), versions 0 to 2: moves the log start offset forward (KIP-107); -1 means to the high watermark.
/// </summary>
internal static class DeleteRecordsApi
{
    private const long ToHighWatermark = -1;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DeleteRecordsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var moved = false;
        var response = new DeleteRecordsResponse();
        foreach (var topic in request.Topics)
        {
            var answers = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic.Name };
            response.Topics.Add(answers);
            foreach (var asked in topic.Partitions)
            {
                var answer = new DeleteRecordsResponse.DeleteRecordsPartitionResult
                {
                    PartitionIndex = asked.PartitionIndex,
                    LowWatermark = -1,
                };
                answers.Partitions.Add(answer);
                var partition = broker.Partitions.Find(topic.Name, asked.PartitionIndex);
                answer.ErrorCode = (short)Delete(broker, partition, topic.Name, asked);
                if (answer.ErrorCode == 0)
                {
                    answer.LowWatermark = partition!.Log!.LogStartOffset.Value;
                    moved = true;
                }
            }
        }

        if (moved)
        {
            // Confirmed is confirmed: without the checkpoint a crash would bring the records back (BUGS STO-11).
            Routine.Run(broker.LogDirectory.CheckpointNow(), () => exchange.Answer(response));
        }
        else
        {
            exchange.Answer(response);
        }
    }

    private static ErrorCode Delete(
        Broker broker, Partition? partition, string topic, DeleteRecordsRequest.DeleteRecordsPartition asked)
    {
        var error = LeaderCheck.Check(broker, partition, topic, asked.PartitionIndex);
        if (error != ErrorCode.None || partition?.Log is not { } log)
        {
            return error;
        }

        var offset = asked.Offset;

        if (InternalTopics.Contains(partition.Topic))
        {
            return ErrorCode.InvalidTopicException;
        }

        if (!log.Config.IsDeleted)
        {
            return ErrorCode.PolicyViolation;
        }

        var target = offset == ToHighWatermark ? partition.HighWatermark : new Offset(offset);
        if (target < Offset.Zero || target > partition.HighWatermark)
        {
            return ErrorCode.OffsetOutOfRange;
        }

        log.AdvanceLogStart(target, broker.Now);
        partition.LogStartAdvanced();
        return ErrorCode.None;
    }
}
