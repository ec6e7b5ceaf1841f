using System;
using Deterministic.Broker.Log;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Protocol;
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

/// <summary>Bytes that an answer may still take; the first partition with records may pass them.</summary>
/// <param name="Bytes">None where it is full.</param>
/// <param name="IsFirst">No partition has given records yet.</param>
/// <param name="IsArrival">The request has just come: what it says of a follower is news.</param>
internal readonly record struct FetchRoom(int Bytes, bool IsFirst, bool IsArrival);

/// <summary>Reads one partition for a fetch: every check Kafka makes, then the range of the file.</summary>
/// <remarks>
/// Followers fetch from the leader alone; consumers from any replica, up to what it knows to be committed (KIP-392).
/// </remarks>
internal static class FetchReader
{
    private const short FirstVersionWithRack = 11;
    private const short FirstVersionWithTopicIds = 13;
    private const short FirstVersionWithReplicaState = 15;
    private const sbyte ReadCommitted = 1;

    public static Partition? Find(Broker broker, short version, FetchPosition position) =>
        version >= FirstVersionWithTopicIds
            ? broker.Partitions.Find(position.TopicId, position.Partition)
            : broker.Partitions.Find(position.Topic, position.Partition);

    public static FetchRead Read(
        Broker broker, FetchRequest request, short version, FetchPosition position, in FetchRoom room)
    {
        var partition = Find(broker, version, position);
        if (partition?.Log is not { } log)
        {
            var unknown = Fail(position, version >= FirstVersionWithTopicIds
                ? CheckById(broker, partition, position)
                : LeaderCheck.Check(broker, partition, position.Topic, position.Partition));
            unknown.Answer.AbortedTransactions = [];
            return unknown;
        }

        position.WasNamed = true;

        var mayFollow = ReplicaOf(request, version) < 0 && version >= FirstVersionWithRack;
        var error = Check(position, partition, mayFollow);
        if (error != ErrorCode.None)
        {
            return Fail(position, error);
        }

        // While a follower's log is being cut it ends before what was committed of it.
        var committed = Offset.Min(partition.HighWatermark, log.LogEndOffset);
        var answer = Blank(position);
        answer.HighWatermark = committed.Value;
        answer.LastStableOffset = Offset.Min(partition.LastStableOffset, committed).Value;
        answer.LogStartOffset = log.LogStartOffset.Value;
        var from = new Offset(position.FetchOffset);
        if (mayFollow && broker.ReadReplica.For(broker, partition, request.RackId, from) is >= 0 and var preferred)
        {
            answer.PreferredReadReplica = preferred;
            return new FetchRead { Answer = answer, MustAnswer = true };
        }

        var isThrottled = partition.IsThrottled(ReplicaOf(request, version))
            && broker.ReplicationQuotas.Leader.IsExceeded(broker.Now.Instant);
        var given = isThrottled ? room with { Bytes = 0, IsFirst = false } : room;
        return ReadAt(request, version, partition, position, answer, given);
    }

    /// <summary>From the leader, or from the replica that the consumer chose itself.</summary>
    private static FetchRead ReadAt(
        FetchRequest request,
        short version,
        Partition partition,
        FetchPosition position,
        FetchResponse.PartitionData answer,
        in FetchRoom room)
    {
        var log = partition.Log!;
        var from = new Offset(position.FetchOffset);
        var replica = ReplicaOf(request, version);
        answer.AbortedTransactions = request.IsolationLevel == ReadCommitted ? [] : null;
        if (position.LastFetchedEpoch >= 0 && Diverges(log, position, answer) is { } elsewhere)
        {
            return elsewhere;
        }

        // A consumer sees what is committed, a follower everything that the leader has. A new leader may know of less than was
        // committed before it: a consumer that read more waits, and must not be sent back to the beginning.
        var end = replica >= 0 ? log.LogEndOffset : new Offset(answer.HighWatermark);
        if (from < log.LogStartOffset || from > log.LogEndOffset)
        {
            return Fail(position, ErrorCode.OffsetOutOfRange);
        }

        if (replica >= 0 && room.IsArrival)
        {
            var brokerEpoch = version >= FirstVersionWithReplicaState ? request.ReplicaState.ReplicaEpoch : -1;
            if (!partition.FollowerFetched(replica, brokerEpoch, from, new Offset(position.FollowerLogStart)))
            {
                return Fail(position, ErrorCode.UnknownLeaderEpoch);
            }

            answer.HighWatermark = partition.HighWatermark.Value;
        }

        return ReadLog(log, position, end, answer, room);
    }

    private static ErrorCode CheckById(Broker broker, Partition? partition, FetchPosition position)
    {
        var error = LeaderCheck.Check(broker, partition, position.TopicId, position.Partition);
        if (error != ErrorCode.UnknownTopicId)
        {
            position.WasNamed = true;
            return error;
        }

        return position.WasNamed ? ErrorCode.UnknownTopicOrPartition : error;
    }

    /// <summary>Null where the last record that was fetched stands in this log too; else where the two logs part.</summary>
    private static FetchRead? Diverges(PartitionLog log, FetchPosition position, FetchResponse.PartitionData answer)
    {
        var (epoch, end) = log.EndOffsetForEpoch(new LeaderEpoch(position.LastFetchedEpoch));
        if (end.Value < 0 || epoch.Value < 0)
        {
            return Fail(position, ErrorCode.OffsetOutOfRange);
        }

        if (epoch.Value == position.LastFetchedEpoch && end.Value >= position.FetchOffset)
        {
            return null;
        }

        answer.AbortedTransactions = null;
        answer.DivergingEpoch = new FetchResponse.EpochEndOffset { Epoch = epoch.Value, EndOffset = end.Value };
        return new FetchRead { Answer = answer, MustAnswer = true };
    }

    /// <summary>-1 for consumers.</summary>
    public static int ReplicaOf(FetchRequest request, short version) =>
        version >= FirstVersionWithReplicaState ? request.ReplicaState.ReplicaId : request.ReplicaId;

    private static FetchRead ReadLog(
        PartitionLog log, FetchPosition position, Offset end, FetchResponse.PartitionData answer, in FetchRoom room)
    {
        if (room is { Bytes: <= 0, IsFirst: false })
        {
            return new FetchRead { Answer = answer };
        }

        var from = new Offset(position.FetchOffset);
        var bytes = Math.Max(0, Math.Min(position.MaxBytes, room.Bytes));
        var read = log.Read(from, end, bytes, room.IsFirst);
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
                // Kafka puts nothing in the place of a batch of which only a part would fit, and no list beside it.
                answer.AbortedTransactions = bytes > 0 && from < end ? null : answer.AbortedTransactions;
                return new FetchRead { Answer = answer };
        }
    }

    private static ErrorCode Check(FetchPosition position, Partition partition, bool mayFollow)
    {
        if (position.CurrentLeaderEpoch >= 0 && position.CurrentLeaderEpoch != partition.LeaderEpoch.Value)
        {
            return position.CurrentLeaderEpoch < partition.LeaderEpoch.Value
                ? ErrorCode.FencedLeaderEpoch
                : ErrorCode.UnknownLeaderEpoch;
        }

        return partition.IsLeader || (mayFollow && !partition.IsRemoved) ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
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
