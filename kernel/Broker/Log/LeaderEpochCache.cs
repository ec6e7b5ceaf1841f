using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>A leader epoch and the offset of the first record written in it.</summary>
public readonly record struct EpochEntry(LeaderEpoch Epoch, Offset StartOffset);

/// <summary>
/// Which offsets were written in which leader epoch (KIP-101, KIP-279). Epochs and start offsets both grow from
/// entry to
/// entry; an entry whose start is not below the next one's never held a record and is dropped.
/// </summary>
public sealed class LeaderEpochCache
{
    private readonly List<EpochEntry> _entries = [];

    public IReadOnlyList<EpochEntry> Entries => _entries;

    public LeaderEpoch Latest => _entries.Count == 0 ? LeaderEpoch.None : _entries[^1].Epoch;

    /// <summary>True where this changed anything: the file must be written.</summary>
    public bool Assign(LeaderEpoch epoch, Offset start)
    {
        if (epoch <= Latest)
        {
            return false;
        }

        while (_entries.Count > 0 && _entries[^1].StartOffset >= start)
        {
            _entries.RemoveAt(_entries.Count - 1);
        }

        _entries.Add(new EpochEntry(epoch, start));
        return true;
    }

    /// <summary>Drops what begins at or above the end: those records are gone.</summary>
    public bool TruncateFromEnd(Offset end)
    {
        var before = _entries.Count;
        while (_entries.Count > 0 && _entries[^1].StartOffset >= end)
        {
            _entries.RemoveAt(_entries.Count - 1);
        }

        return _entries.Count != before;
    }

    /// <summary>The first entry begins at the log's start; what ended before it is dropped.</summary>
    public bool TruncateFromStart(Offset start)
    {
        var changed = false;
        while (_entries.Count > 1 && _entries[1].StartOffset <= start)
        {
            _entries.RemoveAt(0);
            changed = true;
        }

        if (_entries.Count > 0 && _entries[0].StartOffset < start)
        {
            _entries[0] = _entries[0] with { StartOffset = start };
            changed = true;
        }

        return changed;
    }

    /// <summary>The epoch a record at this offset was written in.</summary>
    public LeaderEpoch EpochOf(Offset offset)
    {
        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].StartOffset <= offset)
            {
                return _entries[i].Epoch;
            }
        }

        return LeaderEpoch.None;
    }

    /// <summary>
    /// The largest epoch not above the requested one and where it ended. (-1, -1) where nothing is known: never the
    /// log's
    /// end, which would tell a follower that it agrees when nobody knows (BUGS REP-28).
    /// </summary>
    public (LeaderEpoch Epoch, Offset End) EndOffsetFor(LeaderEpoch requested, Offset logEnd)
    {
        if (requested.Value < 0 || _entries.Count == 0)
        {
            return (LeaderEpoch.None, Offset.None);
        }

        if (requested == Latest)
        {
            return (requested, logEnd);
        }

        if (requested > Latest)
        {
            return (LeaderEpoch.None, Offset.None);
        }

        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Epoch <= requested)
            {
                return (_entries[i].Epoch, _entries[i + 1].StartOffset);
            }
        }

        // Older than everything known: the requested epoch ended where the oldest known one begins.
        return (requested, _entries[0].StartOffset);
    }

    public void Load(List<EpochEntry> entries)
    {
        _entries.Clear();
        foreach (var entry in entries)
        {
            Assign(entry.Epoch, entry.StartOffset);
        }
    }
}
