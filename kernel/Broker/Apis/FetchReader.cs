using System;
using Deterministic.Broker.Log;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Compression;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>What reading one partition for one fetch gave.</summary>
internal readonly struct FetchRead
{
    public FetchResponse.PartitionData Answer { get; init; }

    public int Bytes { get; init; }

    /// <summary>An error or a diverging epoch: the client must hear of it now, not after its maximal wait.</summary>
    public bool MustAnswer { get; init; }

    /// <summary>The position has to be looked up on disk first, in <see cref="Log"/>.</summary>
    public bool NeedsDisk { get; init; }

    public PartitionLog? Log { get; init; }
}

/// <summary>Reads one partition for a fetch: every check Kafka makes, then the range of the file.</summary>
internal static class FetchReader
{
    private const short FirstVersionWithTopicIds = 13;
    private const short FirstVersionWithZstd = 10;
    private const sbyte ReadCommitted = 1;

    public static Partition? Find(Broker broker, short version, FetchPosition position) =>
        version >= FirstVersionWithTopicIds
            ? broker.Partitions.Find(position.TopicId, position.Partition)
            : broker.Partitions.Find(position.Topic, position.Partition);

    public static FetchRead Read(
        Broker broker, FetchRequest request, short version, FetchPosition position, int budget, bool isFirst)
    {
        var partition = Find(broker, version, position);
        if (partition?.Log is not { } log)
        {
            var isUnknownId = version >= FirstVersionWithTopicIds && !broker.Partitions.Knows(position.TopicId);
            var unknown = Fail(position, isUnknownId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition);
            unknown.Answer.AbortedTransactions = [];
            return unknown;
        }

        var error = Check(request, version, position, partition, log);
        if (error != ErrorCode.None)
        {
            return Fail(position, error);
        }

        var answer = Blank(position);
        answer.HighWatermark = partition.HighWatermark.Value;
        answer.LastStableOffset = partition.LastStableOffset.Value;
        answer.LogStartOffset = log.LogStartOffset.Value;
        answer.AbortedTransactions = request.IsolationLevel == ReadCommitted ? [] : null;
        var from = new Offset(position.FetchOffset);
        if (position.LastFetchedEpoch >= 0)
        {
            var (epoch, end) = log.EndOffsetForEpoch(new LeaderEpoch(position.LastFetchedEpoch));
            if (end.Value < 0 || epoch.Value < 0)
            {
                return Fail(position, ErrorCode.OffsetOutOfRange);
            }

            if (epoch.Value < position.LastFetchedEpoch || end < from)
            {
                answer.DivergingEpoch = new FetchResponse.EpochEndOffset { Epoch = epoch.Value, EndOffset = end.Value };
                return new FetchRead { Answer = answer, MustAnswer = true };
            }
        }

        if (from < log.LogStartOffset || from > partition.HighWatermark)
        {
            return Fail(position, ErrorCode.OffsetOutOfRange);
        }

        return ReadLog(partition, log, position, answer, new Room(Math.Min(position.MaxBytes, budget), isFirst));
    }

    /// <summary>Bytes that an answer may still take; the first partition with records may pass them.</summary>
    private readonly record struct Room(int Bytes, bool IsFirst);

    private static FetchRead ReadLog(
        Partition partition, PartitionLog log, FetchPosition position, FetchResponse.PartitionData answer, Room room)
    {
        if (room is { Bytes: <= 0, IsFirst: false })
        {
            return new FetchRead { Answer = answer };
        }

        var from = new Offset(position.FetchOffset);
        var read = log.Read(from, partition.HighWatermark, Math.Max(0, room.Bytes), room.IsFirst);
        switch (read.Kind)
        {
            case ReadKind.NeedsDisk:
                return new FetchRead { Answer = answer, NeedsDisk = true, Log = log };
            case ReadKind.Found:
                answer.Records = new Records(read.Slice);
                return new FetchRead { Answer = answer, Bytes = read.Slice.Length };
            case ReadKind.OutOfRange:
                return Fail(position, ErrorCode.OffsetOutOfRange);
            case ReadKind.Empty:
            default:
                return new FetchRead { Answer = answer };
        }
    }

    private static ErrorCode Check(
        FetchRequest request, short version, FetchPosition position, Partition partition, PartitionLog log)
    {
        var replica = version >= 15 ? request.ReplicaState.ReplicaId : request.ReplicaId;
        if (replica >= 0)
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        if (position.CurrentLeaderEpoch >= 0 && position.CurrentLeaderEpoch != partition.LeaderEpoch.Value)
        {
            return position.CurrentLeaderEpoch < partition.LeaderEpoch.Value
                ? ErrorCode.FencedLeaderEpoch
                : ErrorCode.UnknownLeaderEpoch;
        }

        return version < FirstVersionWithZstd && log.Config.Compression?.Type == CompressionType.Zstd
            ? ErrorCode.UnsupportedCompressionType
            : ErrorCode.None;
    }

    private static FetchRead Fail(FetchPosition position, ErrorCode error)
    {
        var answer = Blank(position);
        answer.ErrorCode = (short)error;
        return new FetchRead { Answer = answer, MustAnswer = true };
    }

    private static FetchResponse.PartitionData Blank(FetchPosition position) => new()
    {
        PartitionIndex = position.Partition,
        HighWatermark = -1,
        LastStableOffset = -1,
        LogStartOffset = -1,
        Records = Records.Empty,
        AbortedTransactions = null,
    };
}
