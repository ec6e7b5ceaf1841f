using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Deterministic.Broker.Log;

/// <summary>The largest timestamp up to an offset of a segment.</summary>
internal readonly record struct TimeEntry(long TimestampMs, int LastDelta);

/// <summary>
/// The sparse map from timestamps to offsets of one segment. An entry says that no batch up to its offset has a
/// larger
/// timestamp; timestamps grow strictly, so that a log whose records come out of order has few entries.
/// </summary>
internal sealed class TimeIndex
{
    public const int EntryBytes = 12;

    private readonly List<TimeEntry> _entries = [];

    public bool IsResident { get; set; } = true;

    /// <summary>How many entries the file holds.</summary>
    public int Saved { get; set; }

    public int Count => _entries.Count;

    public TimeEntry this[int index] => _entries[index];

    /// <summary>Adds the entry unless the last one already says as much.</summary>
    public void Add(long timestampMs, int lastDelta)
    {
        if (timestampMs >= 0
            && (_entries.Count == 0
                || (timestampMs > _entries[^1].TimestampMs && lastDelta >= _entries[^1].LastDelta)))
        {
            _entries.Add(new TimeEntry(timestampMs, lastDelta));
        }
    }

    /// <summary>
    /// The offset from which on a timestamp at or above this one may stand: 0 where nothing is known.
    /// </summary>
    public int DeltaBefore(long timestampMs)
    {
        var low = 0;
        var high = _entries.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[middle].TimestampMs < timestampMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? 0 : _entries[low - 1].LastDelta;
    }

    /// <summary>The log now ends before this offset.</summary>
    public void TruncateTo(int delta)
    {
        var kept = _entries.Count;
        while (kept > 0 && _entries[kept - 1].LastDelta >= delta)
        {
            kept--;
        }

        _entries.RemoveRange(kept, _entries.Count - kept);
    }

    public void Clear() => _entries.Clear();

    public void Evict()
    {
        _entries.Clear();
        _entries.Capacity = 0;
        IsResident = false;
    }

    public void Write(Span<byte> bytes, int from)
    {
        for (var i = from; i < _entries.Count; i++)
        {
            WriteEntry(bytes, _entries[i]);
            bytes = bytes[EntryBytes..];
        }
    }

    public bool TryLoad(ReadOnlySpan<byte> bytes)
    {
        _entries.Clear();
        IsResident = true;
        if (bytes.Length % EntryBytes != 0)
        {
            return false;
        }

        for (; !bytes.IsEmpty; bytes = bytes[EntryBytes..])
        {
            var entry = ReadEntry(bytes);
            if (entry is { TimestampMs: 0, LastDelta: 0 } && _entries.Count > 0)
            {
                break;
            }

            if (entry.LastDelta < 0
                || (_entries.Count > 0
                    && (entry.TimestampMs <= _entries[^1].TimestampMs || entry.LastDelta < _entries[^1].LastDelta)))
            {
                _entries.Clear();
                return false;
            }

            _entries.Add(entry);
        }

        Saved = _entries.Count;
        return bytes.IsEmpty;
    }

    public static TimeEntry ReadEntry(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes[sizeof(long)..]));

    private static void WriteEntry(Span<byte> bytes, in TimeEntry entry)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes, entry.TimestampMs);
        BinaryPrimitives.WriteInt32BigEndian(bytes[sizeof(long)..], entry.LastDelta);
    }
}
