using Deterministic.Primitives;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>What a group has committed for one partition.</summary>
public sealed record CommittedOffset(long Offset, int LeaderEpoch, string Metadata)
{
    /// <summary>When it was committed, by the broker's wall clock.</summary>
    public long CommitTimestampMs { get; init; }

    /// <summary>
    /// When it expires, where an old client asked for a retention of its own; else the broker's rule holds.
    /// </summary>
    public long? ExpireTimestampMs { get; init; }

    /// <summary>The topic's id, or zero where the commit did not know it.</summary>
    public Uuid TopicId { get; init; }

    /// <summary>
    /// Where its record stands: of two commits the later record counts, whatever the order of their replay.
    /// </summary>
    public Offset RecordOffset { get; init; }
}
