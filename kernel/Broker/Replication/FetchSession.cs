using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>One partition as a fetch asks for it, and what the last answer told of it.</summary>
public sealed class FetchPosition
{
    public string Topic { get; init; } = "";

    public Uuid TopicId { get; init; }

    public int Partition { get; init; }

    public int CurrentLeaderEpoch { get; set; } = -1;

    public long FetchOffset { get; set; }

    public int LastFetchedEpoch { get; set; } = -1;

    public int MaxBytes { get; set; }

    /// <summary>Where the log of the follower that asks begins; -1 for consumers.</summary>
    public long FollowerLogStart { get; set; } = -1;

    /// <summary>
    /// The topic id had a name when a request of this session last looked; whoever fetches on then misses a partition
    /// (UNKNOWN_TOPIC_OR_PARTITION) where the topic is deleted, and not the id.
    /// </summary>
    public bool WasNamed { get; set; }

    /// <summary>
    /// Told in the last answer; an incremental answer repeats a partition only when one of these changed.
    /// </summary>
    public long ToldHighWatermark { get; set; } = -1;

    public long ToldLogStartOffset { get; set; } = -1;
}

/// <summary>
/// An incremental fetch session (KIP-227): the partitions a client fetches, remembered, so that it names only
/// changes.
/// The epoch counts the session's requests; a request with another one was lost or sent twice.
/// </summary>
public sealed class FetchSession
{
    private readonly Dictionary<(string Topic, Uuid TopicId, int Partition), FetchPosition> _byPartition = [];
    private List<FetchPosition> _order = [];

    internal FetchSession(int id, bool usesTopicIds)
    {
        Id = id;
        UsesTopicIds = usesTopicIds;
    }

    public int Id { get; }

    public bool UsesTopicIds { get; }

    /// <summary>The epoch the next request must carry.</summary>
    public int NextEpoch { get; private set; } = 1;

    public Instant LastUsed { get; internal set; }

    /// <summary>
    /// In the order in which they are read: those that gave data last stand last, so that none starves.
    /// </summary>
    public IReadOnlyList<FetchPosition> Positions => _order;

    public void AdvanceEpoch() => NextEpoch = NextEpoch == int.MaxValue ? 1 : NextEpoch + 1;

    /// <summary>Adds a partition, or changes what is asked of one that is here already.</summary>
    public void Update(FetchPosition asked)
    {
        var key = (asked.Topic, asked.TopicId, asked.Partition);
        if (!_byPartition.TryGetValue(key, out var known))
        {
            _byPartition.Add(key, asked);
            _order.Add(asked);
            return;
        }

        known.CurrentLeaderEpoch = asked.CurrentLeaderEpoch;
        known.FetchOffset = asked.FetchOffset;
        known.LastFetchedEpoch = asked.LastFetchedEpoch;
        known.MaxBytes = asked.MaxBytes;
        known.FollowerLogStart = asked.FollowerLogStart;
    }

    public void Forget(string topic, Uuid topicId, int partition)
    {
        if (_byPartition.Remove((topic, topicId, partition), out var position))
        {
            _order.Remove(position);
        }
    }

    /// <summary>Moves the positions that just gave data behind the others, keeping both orders.</summary>
    public void MoveToEnd(HashSet<FetchPosition> gaveData)
    {
        if (gaveData.Count == 0 || gaveData.Count == _order.Count)
        {
            return;
        }

        var reordered = new List<FetchPosition>(_order.Count);
        foreach (var position in _order)
        {
            if (!gaveData.Contains(position))
            {
                reordered.Add(position);
            }
        }

        foreach (var position in _order)
        {
            if (gaveData.Contains(position))
            {
                reordered.Add(position);
            }
        }

        _order = reordered;
    }
}
