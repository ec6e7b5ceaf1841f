using Deterministic.Protocol;

namespace Deterministic.Clients;

/// <summary>Which of Kafka's errors are worth trying again.</summary>
public static class Errors
{
    /// <summary>The same request may succeed later, possibly at another broker.</summary>
    public static bool IsRetriable(ErrorCode error) => error
        is ErrorCode.CorruptMessage
        or ErrorCode.UnknownTopicOrPartition
        or ErrorCode.LeaderNotAvailable
        or ErrorCode.NotLeaderOrFollower
        or ErrorCode.RequestTimedOut
        or ErrorCode.ReplicaNotAvailable
        or ErrorCode.NetworkException
        or ErrorCode.CoordinatorLoadInProgress
        or ErrorCode.CoordinatorNotAvailable
        or ErrorCode.NotCoordinator
        or ErrorCode.NotEnoughReplicas
        or ErrorCode.NotEnoughReplicasAfterAppend
        or ErrorCode.KafkaStorageError
        or ErrorCode.FencedLeaderEpoch
        or ErrorCode.UnknownLeaderEpoch
        or ErrorCode.OffsetNotAvailable
        or ErrorCode.UnknownTopicId
        or ErrorCode.ThrottlingQuotaExceeded;
}
