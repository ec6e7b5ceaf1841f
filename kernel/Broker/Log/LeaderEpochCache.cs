using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// Which leader epoch began at which offset (KIP-101): what leader-epoch-checkpoint holds. Both columns grow
/// strictly.
/// </summary>
/// <remarks>
/// Bound: <see cref="MaxEntries"/>; when a log saw more leaders than that, the oldest are forgotten, which makes a
/// follower from that time truncate further than it would need to.
/// </remarks>
internal sealed class LeaderEpochCache
{
    public const int MaxEntries = 10_000;

    private readonly List<(LeaderEpoch Epoch, Offset Start)> _entries = [];

    public int Count => _entries.Count;

    public (LeaderEpoch Epoch, Offset Start) this[int index] => _entries[index];

    public LeaderEpoch Latest => _entries.Count == 0 ? LeaderEpoch.None : _entries[^1].Epoch;

    /// <summary>
    /// The epoch begins here. What contradicts that (later epochs, or starts at or behind it) was never committed
    /// under
    /// a leader we now believe, and goes. True where anything changed.
    /// </summary>
    public bool Assign(LeaderEpoch epoch, Offset start)
    {
        if (epoch.Value < 0 || epoch == Latest)
        {
            return false;
        }

        while (_entries.Count > 0 && (_entries[^1].Epoch >= epoch || _entries[^1].Start >= start))
        {
            _entries.RemoveAt(_entries.Count - 1);
        }

        if (_entries.Count == MaxEntries)
        {
            _entries.RemoveAt(0);
        }

        _entries.Add((epoch, start));
        return true;
    }

    /// <summary>The log now ends here.</summary>
    public bool TruncateEnd(Offset end)
    {
        var before = _entries.Count;
        while (_entries.Count > 0 && _entries[^1].Start >= end)
        {
            _entries.RemoveAt(_entries.Count - 1);
        }

        return _entries.Count != before;
    }

    /// <summary>The log now starts here: the epoch that holds the start begins with it.</summary>
    public bool TruncateStart(Offset start)
    {
        var holding = _entries.Count - 1;
        while (holding >= 0 && _entries[holding].Start > start)
        {
            holding--;
        }

        if (holding < 0 || (holding == 0 && _entries[0].Start == start))
        {
            return false;
        }

        _entries[holding] = (_entries[holding].Epoch, start);
        _entries.RemoveRange(0, holding);
        return true;
    }

    public void Clear() => _entries.Clear();

    /// <summary>The epoch of the record at an offset, or none.</summary>
    public LeaderEpoch EpochAt(Offset offset)
    {
        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Start <= offset)
            {
                return _entries[i].Epoch;
            }
        }

        return LeaderEpoch.None;
    }

    /// <summary>
    /// The largest epoch at or below the requested one and where it ended; (-1, -1) where nothing is known of it.
    /// </summary>
    public (LeaderEpoch Epoch, Offset End) EndOffsetFor(LeaderEpoch requested, Offset logEnd)
    {
        if (requested == LeaderEpoch.None || requested > Latest || _entries.Count == 0)
        {
            return (LeaderEpoch.None, Offset.None);
        }

        if (requested == Latest)
        {
            return (requested, logEnd);
        }

        var higher = 0;
        while (_entries[higher].Epoch <= requested)
        {
            higher++;
        }

        // Older than all we know: whatever it wrote ended at the latest where the next one began.
        return (higher == 0 ? requested : _entries[higher - 1].Epoch, _entries[higher].Start);
    }

    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"0\n{_entries.Count}\n");
        foreach (var (epoch, start) in _entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"{epoch.Value} {start.Value}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads a file's content; false, and empty, where one line is wrong.</summary>
    public bool TryLoad(ReadOnlySpan<byte> bytes)
    {
        _entries.Clear();
        var lines = new CheckpointLines(bytes);
        if (!lines.TryReadHead(out var count) || count > MaxEntries)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            var fields = lines.Next();
            if (fields.Length != 2
                || !CheckpointLines.TryNumber(fields[0], int.MaxValue, out var epoch)
                || !CheckpointLines.TryNumber(fields[1], long.MaxValue, out var start)
                || (i > 0 && (_entries[^1].Epoch.Value >= epoch || _entries[^1].Start.Value >= start)))
            {
                _entries.Clear();
                return false;
            }

            _entries.Add((new LeaderEpoch((int)epoch), new Offset(start)));
        }

        return lines.IsAtEnd;
    }
}
