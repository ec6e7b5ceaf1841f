using Deterministic.Primitives;

namespace Deterministic.Clients;

/// <summary>Where a consumer stands in one partition.</summary>
public sealed class ConsumerPosition
{
    internal ConsumerPosition(string topic, int partition)
    {
        Topic = topic;
        Partition = partition;
    }

    public string Topic { get; }

    public int Partition { get; }

    /// <summary>The next offset to be read; -1 until the broker was asked where to begin.</summary>
    public long Offset { get; internal set; } = -1;

    /// <summary>The leader epoch of the last record read; -1 where it is not known. Committed with the offset.</summary>
    public int LastEpoch => Trail.Last;

    /// <summary>The leader epoch in which the last fetch was answered: up to there what was read is known to stand.</summary>
    public int FetchedIn { get; internal set; } = -1;

    /// <summary>The high watermark of the last answer.</summary>
    public long HighWatermark { get; internal set; } = -1;

    /// <summary>The follower that the leader sent this consumer to; -1 for the leader itself.</summary>
    public int PreferredReplica { get; internal set; } = -1;

    /// <summary>Then the leader is asked again.</summary>
    internal Instant PreferredUntil { get; set; } = Instant.Zero;

    internal EpochTrail Trail { get; } = new();

    /// <summary>The topic that the trail is of: one created anew under the name begins with early epochs again.</summary>
    internal Uuid TopicId { get; set; }

    /// <summary>The leader epoch in which the position was found in the leader's log.</summary>
    internal int ValidIn { get; set; } = -1;

    /// <summary>The leader epoch that the request under way names.</summary>
    internal int AskedIn { get; set; } = -1;

    internal bool IsBusy { get; set; }

    internal Instant NotBefore { get; set; } = Instant.Zero;
}
