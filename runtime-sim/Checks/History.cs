using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>What the producer knows of a record it sent.</summary>
public enum Outcome : byte
{
    /// <summary>No answer: it may be in the log, or may come to be. Never assumed absent.</summary>
    Unknown,

    /// <summary>Acknowledged at an offset.</summary>
    Acked,

    /// <summary>Refused with an error that says it is not in the log.</summary>
    Refused,
}

/// <summary>One record sent. Ids grow with each record of a producer, so they tell its order as well.</summary>
public record struct SentRecord(long Id, int Partition, Instant AskedAt)
{
    public Outcome Outcome { get; set; }

    public long Offset { get; set; } = -1;

    public Instant AnsweredAt { get; set; } = Instant.Never;

    public readonly int Producer => (int)(Id >> History.ProducerShift);
}

/// <summary>One record a consumer was given.</summary>
public readonly record struct ReadRecord(int Consumer, int Partition, long Offset, long Id, Instant At)
{
    /// <summary>Index of the group; -1 for a consumer without one.</summary>
    public int Group { get; init; }

    public int Generation { get; init; }

    /// <summary>
    /// Order among all reads of the history: the position a consumer started from comes before what it reads.
    /// </summary>
    public bool IsPosition => Id < 0;
}

/// <summary>A consumer was told that what it had read from an offset on is gone; -1 for all that it had read.</summary>
/// <param name="Consumer">Its number.</param>
/// <param name="Partition">Index of the partition.</param>
/// <param name="From">Where the logs part.</param>
/// <param name="ReadsBefore">How many reads of the history came before.</param>
/// <param name="At">When.</param>
public readonly record struct ToldTruncation(int Consumer, int Partition, long From, int ReadsBefore, Instant At);

/// <summary>One offset commit, or one look at what is committed.</summary>
public record struct CommittedOffset(int Group, int Partition, long Offset, Instant AskedAt)
{
    /// <summary>A commit that was confirmed, or a fetch that was answered; otherwise the outcome is unknown.</summary>
    public Instant AnsweredAt { get; set; } = Instant.Never;

    public bool IsFetch { get; init; }

    /// <summary>The commit was refused: it never took effect.</summary>
    public bool IsRefused { get; set; }
}

/// <summary>What a partition holds at the end, read back by a consumer that nothing disturbs.</summary>
public sealed class FinalLog
{
    public long LogStart { get; set; } = -1;

    public long HighWatermark { get; set; } = -1;

    /// <summary>The leader epoch in which it was read.</summary>
    public int LeaderEpoch { get; set; } = -1;

    /// <summary>Offset and record id, in the order read.</summary>
    public List<(long Offset, long Id)> Records { get; } = [];
}

/// <summary>
/// Everything the clients of one run saw, in the order in which they saw it. Checks judge it; nothing in it is known to
/// the nodes.
/// </summary>
public sealed class History
{
    /// <summary>A record's id is its producer's number above these bits and the producer's count below.</summary>
    public const int ProducerShift = 40;

    private readonly List<SentRecord> _sent = [];
    private readonly List<CommittedOffset> _commits = [];
    private readonly List<string> _partitions = [];
    private readonly List<string> _groups = [];
    private readonly Dictionary<string, int> _partitionIndex = new(StringComparer.Ordinal);

    public ReadOnlySpan<SentRecord> Sent => CollectionsMarshal.AsSpan(_sent);

    public List<ReadRecord> Reads { get; } = [];

    /// <summary>What readers were told of records that are gone.</summary>
    public List<ToldTruncation> Truncations { get; } = [];

    public ReadOnlySpan<CommittedOffset> Commits => CollectionsMarshal.AsSpan(_commits);

    /// <summary>High watermarks as fetch answers showed them, and on which connection.</summary>
    public List<(int Partition, long Session, long HighWatermark, Instant At)> HighWatermarks { get; } = [];

    /// <summary>Log starts that a delete-records answer confirmed.</summary>
    public List<(int Partition, long LogStart, Instant At)> LogStarts { get; } = [];

    /// <summary>By partition index; null where a partition was not read back.</summary>
    public SortedDictionary<int, FinalLog> Final { get; } = [];

    public IReadOnlyList<string> Partitions => _partitions;

    public IReadOnlyList<string> Groups => _groups;

    /// <summary>A dense number for a partition, named as in "orders-3".</summary>
    public int Partition(string name)
    {
        if (!_partitionIndex.TryGetValue(name, out var index))
        {
            index = _partitions.Count;
            _partitions.Add(name);
            _partitionIndex.Add(name, index);
        }

        return index;
    }

    public int Group(string name)
    {
        var index = _groups.IndexOf(name);
        if (index < 0)
        {
            index = _groups.Count;
            _groups.Add(name);
        }

        return index;
    }

    /// <summary>
    /// Notes a record that is about to be sent for the first time; retries of it are the same record.
    /// </summary>
    public int Send(long id, int partition, Instant at)
    {
        _sent.Add(new SentRecord(id, partition, at));
        return _sent.Count - 1;
    }

    public void Acked(int index, long offset, Instant at)
    {
        ref var record = ref CollectionsMarshal.AsSpan(_sent)[index];
        record.Outcome = Outcome.Acked;
        record.Offset = offset;
        record.AnsweredAt = at;
    }

    public void Refused(int index, Instant at)
    {
        ref var record = ref CollectionsMarshal.AsSpan(_sent)[index];
        record.Outcome = Outcome.Refused;
        record.AnsweredAt = at;
    }

    public int AskCommit(int group, int partition, long offset, Instant at)
    {
        _commits.Add(new CommittedOffset(group, partition, offset, at));
        return _commits.Count - 1;
    }

    public void CommitAnswered(int index, bool isRefused, Instant at)
    {
        ref var commit = ref CollectionsMarshal.AsSpan(_commits)[index];
        commit.AnsweredAt = at;
        commit.IsRefused = isRefused;
    }

    /// <summary>
    /// Somebody asked what is committed: between these two moments, the answer was this offset (-1 for none).
    /// </summary>
    public void CommitFetched(int group, int partition, long offset, Instant askedAt, Instant at) =>
        _commits.Add(new CommittedOffset(group, partition, offset, askedAt) { IsFetch = true, AnsweredAt = at });
}
