using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Raft;

/// <summary>
/// The batches of the metadata log that are appended and not known to be committed, and what waits for their commit.
/// </summary>
/// <remarks>
/// Inputs   Add, CommitTo, TruncateTo, LeadershipLost
/// Effects  records given to the state machine; the callbacks of proposals
///
/// Kept in memory so that committing reads nothing. Bound: a follower's batches are committed as fast as it fetches them,
/// a leader's by its voters; after a start it is the log behind the newest snapshot, which the snapshot's interval limits.
/// </remarks>
internal sealed class MetadataTail(ReplayedBatches replayed, IMetadataStateMachine machine)
{
    private readonly List<Entry> _entries = [];
    private int _first;

    /// <summary>Told of each batch that is committed and replayed: its end, its bytes and its time.</summary>
    public Action<long, int, long>? WhenReplayed { get; set; }

    public int Count => _entries.Count - _first;

    public void Add(long first, long next, byte[] bytes) => _entries.Add(new Entry(first, next, bytes, null, null, null));

    /// <summary>What this leader proposed: the records as they are, and the batch that was made of them.</summary>
    public void Add(long first, byte[] bytes, List<MetadataRecord> records, Action whenCommitted, Action? whenLost) =>
        _entries.Add(new Entry(first, first + records.Count, bytes, records, whenCommitted, whenLost));

    /// <summary>
    /// Everything below is committed. False where the state machine cannot follow: <see cref="ReplayedBatches.Refusal"/>.
    /// </summary>
    public bool CommitTo(Offset highWatermark)
    {
        while (Count > 0 && _entries[_first].Next <= highWatermark.Value)
        {
            // A callback may add: the entry leaves before.
            var entry = _entries[_first];
            _entries[_first++] = default;
            Compact();
            if (entry.Records is { } records)
            {
                Replay(records, entry.First);
            }
            else if (!replayed.Take(entry.Bytes))
            {
                return false;
            }

            Tell(entry);
            entry.WhenCommitted?.Invoke();
        }

        return true;
    }

    /// <summary>The log was cut here.</summary>
    public void TruncateTo(long offset)
    {
        while (Count > 0 && _entries[^1].Next > offset)
        {
            Invariant.Check(_entries[^1].WhenCommitted is null);
            _entries.RemoveAt(_entries.Count - 1);
        }
    }

    /// <summary>A snapshot took the place of the whole log.</summary>
    public void Clear()
    {
        _entries.Clear();
        _first = 0;
    }

    /// <summary>
    /// Whoever waits for a commit is told that it is uncertain. The batches stay: the next leader may have them too.
    /// </summary>
    public void LeadershipLost()
    {
        var lost = new List<Action>();
        for (var i = _first; i < _entries.Count; i++)
        {
            var entry = _entries[i];
            _entries[i] = entry with { WhenCommitted = null, WhenLost = null };
            if (entry.WhenLost is { } whenLost)
            {
                lost.Add(whenLost);
            }
        }

        foreach (var whenLost in lost)
        {
            whenLost();
        }
    }

    private void Replay(List<MetadataRecord> records, long first)
    {
        replayed.RecordsTaken(records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            var isReplayed = machine.Replay(records[i], first + i);
            Invariant.Check(isReplayed);
        }
    }

    private void Tell(in Entry entry)
    {
        var isBatch = RecordBatches.TryRead(entry.Bytes.AsSpan(), out var batch, out _);
        Invariant.Check(isBatch);
        WhenReplayed?.Invoke(entry.Next, entry.Bytes.Length, batch.MaxTimestamp);
    }

    private void Compact()
    {
        const int Slack = 64;
        if (_first > Slack && _first > _entries.Count / 2)
        {
            _entries.RemoveRange(0, _first);
            _first = 0;
        }
    }

    private readonly record struct Entry(
        long First, long Next, byte[] Bytes, List<MetadataRecord>? Records, Action? WhenCommitted, Action? WhenLost);
}
