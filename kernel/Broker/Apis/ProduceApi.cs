using System;
using System.Globalization;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Log;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// Produce (0), versions 3 to 13: appends one batch to each partition named, answers as <c>acks</c> says.
/// </summary>
/// <remarks>
/// acks=0 is never answered; an error closes the connection, so that the producer notices. acks=1 answers once the
/// bytes are
/// written, acks=-1 once the high watermark covers them, or with REQUEST_TIMED_OUT after the request's time-out (the
/// records stay). Knowingly absent: transactions (transactional batches answer INVALID_TXN_STATE), authorization,
/// quotas.
/// </remarks>
internal static class ProduceApi
{
    private const short FirstVersionWithZstd = 7;
    private const string AdminClientId = "__admin_client";

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new ProduceRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var refusal = RefusalOfAll(request);
        refusal = !refusal.IsError && exchange.Version < FirstVersionWithZstd
            ? RefusalOfCodec(broker, request)
            : refusal;
        if (ProduceMentions.HasRepeated(request))
        {
            ProduceMentions.KeepLast(request);
        }

        var response = new ProduceResponse();
        var waiter = new ProduceWaiter(broker, exchange, response, request.Acks);
        foreach (var topic in request.TopicData)
        {
            var answers = new ProduceResponse.TopicProduceResponse { Name = topic.Name, TopicId = topic.TopicId };
            response.Responses.Add(answers);
            foreach (var data in topic.PartitionData)
            {
                var answer = new ProduceResponse.PartitionProduceResponse { Index = data.Index, BaseOffset = -1 };
                answers.PartitionResponses.Add(answer);
                var partition = exchange.Version >= 13
                    ? broker.Partitions.Find(topic.TopicId, data.Index)
                    : broker.Partitions.Find(topic.Name, data.Index);
                var error = refusal.IsError
                    ? refusal.Code
                    : Check(broker, exchange, request, topic, data, partition);
                answer.ErrorMessage = refusal.Message;
                if (error != ErrorCode.None)
                {
                    answer.ErrorCode = (short)error;
                    continue;
                }

                AppendOne(broker, exchange, partition!, data.Records, answer, waiter);
            }
        }

        if (request.Acks == 0)
        {
            EndWithoutAnswer(exchange, response);
            return;
        }

        waiter.Begin(request.TimeoutMs);
    }

    /// <summary>
    /// Before anything else Kafka looks at each first batch for transactions: one that it cannot look into, or that is
    /// transactional though the request is not, refuses the whole request.
    /// </summary>
    private static ApiError RefusalOfAll(ProduceRequest request)
    {
        foreach (var topic in request.TopicData)
        {
            foreach (var data in topic.PartitionData)
            {
                var bytes = data.Records?.Bytes ?? Memory<byte>.Empty;
                var isBatch = RecordBatches.TryRead(bytes.Span, out var batch, out var error);
                if (error == BatchError.UnknownMagic)
                {
                    var magic = (sbyte)bytes.Span[RecordBatchLayout.MagicAt];
                    return new ApiError(ErrorCode.CorruptMessage, FormattableString.Invariant(
                        $"Invalid magic found in record: {magic}"));
                }

                if (isBatch && batch.IsTransactional && request.TransactionalId is null)
                {
                    return new ApiError(ErrorCode.TransactionalIdAuthorizationFailed, null);
                }
            }
        }

        return ApiError.None;
    }

    /// <summary>Where Kafka has to look for zstd, a codec number that does not exist makes it trip over all.</summary>
    private static ApiError RefusalOfCodec(Broker broker, ProduceRequest request)
    {
        foreach (var topic in request.TopicData)
        {
            foreach (var data in topic.PartitionData)
            {
                var bytes = data.Records?.Bytes ?? Memory<byte>.Empty;
                if (RecordBatches.TryRead(bytes.Span, out var batch, out _) && !Codec.IsKnown(batch.Compression)
                    && LeaderCheck.Check(broker, broker.Partitions.Find(topic.Name, data.Index), topic.Name, data.Index)
                        != ErrorCode.UnknownTopicOrPartition)
                {
                    return new ApiError(ErrorCode.UnknownServerError, null);
                }
            }
        }

        return ApiError.None;
    }

    private static ErrorCode Check(
        Broker broker,
        Exchange exchange,
        ProduceRequest request,
        ProduceRequest.TopicProduceData topic,
        ProduceRequest.PartitionProduceData data,
        Partition? partition)
    {
        var error = exchange.Version >= 13
            ? LeaderCheck.Check(broker, partition, topic.TopicId, data.Index)
            : LeaderCheck.Check(broker, partition, topic.Name, data.Index);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.Acks is < -1 or > 1)
        {
            // Whether there is one batch of the present format is asked before; what is in it is not asked at all.
            var bytes = data.Records?.Bytes ?? Memory<byte>.Empty;
            var shape = BatchValidation.ShapeOf(bytes.Span, exchange.Version);
            return shape != ErrorCode.None ? shape : ErrorCode.InvalidRequiredAcks;
        }

        if (InternalTopics.Contains(partition!.Topic) && exchange.Header.ClientId != AdminClientId)
        {
            return ErrorCode.InvalidTopicException;
        }

        return request.Acks == -1 && partition.IsUnderMinIsr ? ErrorCode.NotEnoughReplicas : ErrorCode.None;
    }

    private static void AppendOne(
        Broker broker,
        Exchange exchange,
        Partition partition,
        Records? records,
        ProduceResponse.PartitionProduceResponse answer,
        ProduceWaiter waiter)
    {
        var bytes = records?.Bytes ?? Memory<byte>.Empty;
        if (IsTransactional(bytes))
        {
            answer.ErrorCode = (short)ErrorCode.InvalidTxnState;
            return;
        }

        var outcome = partition.Append(broker.Now, bytes, AppendOrigin.Client, exchange.Version);
        answer.ErrorCode = (short)outcome.Error;
        if (outcome.Error != ErrorCode.None)
        {
            var isLogs = TellsLogStart(outcome.Error)
                && BatchValidation.ShapeOf(bytes.Span, exchange.Version) == ErrorCode.None;
            answer.LogStartOffset = isLogs ? partition.Log!.LogStartOffset.Value : -1;
            AddRecordErrors(outcome, partition, answer);
            return;
        }

        answer.BaseOffset = outcome.BaseOffset.Value;
        answer.LogAppendTimeMs = outcome.LogAppendTimeMs;
        answer.LogStartOffset = partition.Log!.LogStartOffset.Value;
        waiter.Await(partition, outcome.LastOffset + 1, answer);
    }

    /// <summary>Kafka tells where the log starts also with most refusals: with those the log itself came to.</summary>
    private static bool TellsLogStart(ErrorCode error) => error is not (
        ErrorCode.CorruptMessage or ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge
        or ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.InvalidRequiredAcks);

    private static void AddRecordErrors(
        in AppendOutcome outcome, Partition partition, ProduceResponse.PartitionProduceResponse answer)
    {
        if (outcome.RecordErrors is not { } errors)
        {
            return;
        }

        // Only what single records are refused for is put in words.
        answer.ErrorMessage = outcome.Message;
        foreach (var error in errors)
        {
            answer.RecordErrors.Add(new ProduceResponse.BatchIndexAndErrorMessage
            {
                BatchIndex = error.BatchIndex,
                BatchIndexErrorMessage = error.Message == BatchValidation.KeyMissing
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"{error.Message} in topic partition {partition.Topic}-{partition.Index}")
                    : error.Message,
            });
        }
    }

    private static bool IsTransactional(Memory<byte> bytes) =>
        RecordBatches.TryRead(bytes.Span, out var batch, out _) && batch.IsTransactional;

    private static void EndWithoutAnswer(Exchange exchange, ProduceResponse response)
    {
        foreach (var topic in response.Responses)
        {
            foreach (var partition in topic.PartitionResponses)
            {
                if (partition.ErrorCode != 0)
                {
                    exchange.Refuse("a produce with acks=0 failed, and closing is the only way to say so");
                    return;
                }
            }
        }

        exchange.AnswerNothing();
    }
}
