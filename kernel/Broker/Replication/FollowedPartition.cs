using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>Where one follower stands with its leader.</summary>
internal enum FollowState : byte
{
    /// <summary>Is fetched.</summary>
    Ready,

    /// <summary>Its log is being cut, or where it should begin is being asked.</summary>
    Busy,

    /// <summary>The leader did not like the last fetch: again after a while.</summary>
    Delayed,
}

/// <summary>One partition of a fetcher: what was asked for it last, and when it may be asked for again.</summary>
internal sealed class FollowedPartition(Partition partition)
{
    public Partition Partition => partition;

    /// <summary>The epoch that the fetcher follows; an answer to an earlier one is dropped.</summary>
    public LeaderEpoch Epoch { get; } = partition.LeaderEpoch;

    public FollowState State { get; set; }

    public Instant DelayedUntil { get; set; }

    /// <summary>What the leader's fetch session says of it; null where it is not in the session.</summary>
    public (Offset From, int LastEpoch, long LogStart)? Told { get; set; }

    /// <summary>The last answer left nothing out that was committed: such a replica no quota slows down.</summary>
    public bool IsLevel { get; set; }

    /// <summary>Everything below is here for good, by the topic's own measure.</summary>
    public Offset FetchOffset => partition.Log!.LogEndOffset;

    /// <summary>The last append is not flushed, or not written, as the topic says: a fetch behind it acknowledges it.</summary>
    public bool IsFlushing => partition.Log!.SafeOffset < partition.Log.LogEndOffset;
}
