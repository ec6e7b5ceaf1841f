namespace Deterministic.Broker.Boundary;

/// <summary>
/// Branches that a good simulation reaches. Each is named after the situation, in Kafka's terms. A swarm prints how
/// many
/// seeds reached each point and names those never reached.
/// </summary>
public enum ProbePoint : byte
{
    /// <summary>Recovery met bytes that are no valid batch and cut the log there.</summary>
    RecoveryTruncatedTail,

    /// <summary>Recovery deleted a segment that came after a damaged one.</summary>
    RecoveryDeletedSegment,

    /// <summary>An index did not agree with its log and was rebuilt.</summary>
    IndexRebuilt,

    /// <summary>A producer snapshot was damaged and an older one was used.</summary>
    ProducerSnapshotDamaged,

    /// <summary>A batch was answered as the duplicate of one appended before.</summary>
    DuplicateBatch,

    /// <summary>A batch was answered as a duplicate after the node had restarted.</summary>
    DuplicateBatchAfterRestart,

    /// <summary>A batch was refused for a gap in its sequence.</summary>
    OutOfOrderSequence,

    /// <summary>A batch was refused for an old producer epoch.</summary>
    StaleProducerEpoch,

    /// <summary>A segment rolled.</summary>
    SegmentRolled,

    /// <summary>Retention deleted a segment.</summary>
    RetentionDeleted,

    /// <summary>Several appends were acknowledged by one flush.</summary>
    GroupCommit,

    /// <summary>A fetch waited for data and was answered by an append.</summary>
    FetchWokenByAppend,

    /// <summary>A fetch read through the index because no position was remembered.</summary>
    ColdFetch,

    /// <summary>An interrupted file replacement was found at start and finished or undone.</summary>
    InterruptedReplacement,

    /// <summary>A topic deletion that a crash interrupted was carried on at start.</summary>
    InterruptedTopicDeletion,

    /// <summary>A group rebalanced because a member's session ended.</summary>
    MemberSessionExpired,

    /// <summary>A static member was replaced by another with its instance id.</summary>
    StaticMemberReplaced,

    /// <summary>Group state was loaded from the log after a restart.</summary>
    GroupsReloaded,

    /// <summary>The metadata were folded into a snapshot.</summary>
    MetadataSnapshotTaken,

    /// <summary>The metadata log was shortened to a snapshot.</summary>
    MetadataLogShortened,

    /// <summary>A node that was far behind put another's snapshot in the place of its metadata.</summary>
    MetadataSnapshotInstalled,

    /// <summary>A start found a metadata log that a crash had parted from its newest snapshot.</summary>
    MetadataLogRestarted,

    /// <summary>A member of the quorum leads it.</summary>
    QuorumLeaderElected,

    /// <summary>A leader of the quorum gave up, because a majority was silent (check-quorum).</summary>
    QuorumLeaderResigned,

    /// <summary>A replica or a member of the quorum cut what parted from its leader's log.</summary>
    LogTruncated,

    /// <summary>The controller fenced a broker that was silent, whose connection broke, or that stops.</summary>
    BrokerFenced,

    /// <summary>A broker registered anew before the controller had missed it.</summary>
    BrokerReturned,

    /// <summary>A partition got another leader.</summary>
    LeaderElected,

    /// <summary>A partition lost its leader, and nobody else may lead it.</summary>
    PartitionOffline,

    /// <summary>A leader was elected that may lack committed records.</summary>
    UncleanLeaderElected,

    /// <summary>An ISR lost a replica.</summary>
    IsrShrunk,

    /// <summary>A replica joined the ISR.</summary>
    IsrExpanded,

    /// <summary>A replica that left the ISR stays eligible (KIP-966).</summary>
    ElrGrew,

    /// <summary>A partition stands where a reassignment wanted it, or is back where it was.</summary>
    ReassignmentEnded,

    /// <summary>A start found a log that ends below what had been flushed of it.</summary>
    FlushedLogDamaged,
}
