using System;
using System.Buffers.Binary;

namespace Deterministic.Broker.Log;

/// <summary>A batch whose place in a segment is known.</summary>
internal readonly record struct IndexEntry(int LastOffsetDelta, int BaseOffsetDelta, int Position);

/// <summary>
/// The sparse offset index of one segment, in memory while the segment is open. The file has the last offset of a
/// batch and
/// its position; of batches appended or scanned in this life the first offset is known as well, which lets a reader
/// that goes
/// from batch to batch be answered without looking at the log.
/// </summary>
internal sealed class OffsetIndex
{
    public const int EntryBytes = 8;
    private const int Unknown = -1;

    private IndexEntry[] _entries = [];

    public int Count { get; private set; }

    public IndexEntry this[int index] => _entries[index];

    public void Add(int baseOffsetDelta, int lastOffsetDelta, int position)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(16, Count * 2));
        }

        _entries[Count++] = new IndexEntry(lastOffsetDelta, baseOffsetDelta, position);
    }

    public void Clear() => Count = 0;

    /// <summary>Place of the last entry whose position is at most this; -1 where there is none.</summary>
    public int AtOrBelowPosition(long position)
    {
        var low = 0;
        var high = Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[middle].Position <= position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    /// <summary>
    /// Place of the last entry whose batch ends at or below this offset delta; -1 where there is none.
    /// </summary>
    public int AtOrBelowOffset(long offsetDelta)
    {
        var low = 0;
        var high = Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[middle].LastOffsetDelta <= offsetDelta)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    /// <summary>The position of the batch that begins with exactly this offset delta, where it is known.</summary>
    public bool TryFindBatch(long offsetDelta, out int position)
    {
        // The entry of a batch that begins here ends here or above, so it is at most one behind.
        for (var i = Math.Max(0, AtOrBelowOffset(offsetDelta)); i < Count && i <= AtOrBelowOffset(offsetDelta) + 1; i++)
        {
            if (_entries[i].BaseOffsetDelta == offsetDelta)
            {
                position = _entries[i].Position;
                return true;
            }
        }

        position = 0;
        return false;
    }

    public void Write(Span<byte> target)
    {
        for (var i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(target[(i * EntryBytes)..], _entries[i].LastOffsetDelta);
            BinaryPrimitives.WriteInt32BigEndian(target[((i * EntryBytes) + 4)..], _entries[i].Position);
        }
    }

    /// <summary>
    /// False where the bytes are no index of a segment this long: they are rebuilt from the log then.
    /// </summary>
    public bool TryRead(ReadOnlySpan<byte> bytes, long segmentBytes)
    {
        Clear();
        if (bytes.Length % EntryBytes != 0)
        {
            return false;
        }

        for (var at = 0; at < bytes.Length; at += EntryBytes)
        {
            var last = BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
            var position = BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 4)..]);
            if (last == 0 && position == 0 && Count > 0)
            {
                // The preallocated rest of a file that was not trimmed.
                break;
            }

            var isBehind = Count > 0
                && (last <= _entries[Count - 1].LastOffsetDelta || position <= _entries[Count - 1].Position);
            if (last < 0 || position < 0 || position >= segmentBytes || isBehind)
            {
                return at > 0 && last == 0 && position == 0;
            }

            Add(Unknown, last, position);
        }

        return true;
    }
}

/// <summary>
/// The time index of one segment: the largest timestamp so far and the offset that has it; both only grow.
/// </summary>
internal sealed class TimeIndex
{
    public const int EntryBytes = 12;

    private (long TimestampMs, int OffsetDelta)[] _entries = [];

    public int Count { get; private set; }

    public (long TimestampMs, int OffsetDelta) this[int index] => _entries[index];

    public void AddIfLater(long timestampMs, int offsetDelta)
    {
        if (timestampMs < 0 || (Count > 0 && timestampMs <= _entries[Count - 1].TimestampMs))
        {
            return;
        }

        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(16, Count * 2));
        }

        _entries[Count++] = (timestampMs, offsetDelta);
    }

    public void Clear() => Count = 0;

    /// <summary>The offset delta from which a scan for this timestamp may begin.</summary>
    public int ScanFrom(long timestampMs)
    {
        var found = 0;
        for (var i = 0; i < Count && _entries[i].TimestampMs < timestampMs; i++)
        {
            found = _entries[i].OffsetDelta;
        }

        return found;
    }

    public void Write(Span<byte> target)
    {
        for (var i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(target[(i * EntryBytes)..], _entries[i].TimestampMs);
            BinaryPrimitives.WriteInt32BigEndian(target[((i * EntryBytes) + 8)..], _entries[i].OffsetDelta);
        }
    }

    public bool TryRead(ReadOnlySpan<byte> bytes)
    {
        Clear();
        if (bytes.Length % EntryBytes != 0)
        {
            return false;
        }

        for (var at = 0; at < bytes.Length; at += EntryBytes)
        {
            var timestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[at..]);
            var delta = BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 8)..]);
            if (timestamp == 0 && delta == 0 && Count > 0)
            {
                break;
            }

            AddIfLater(timestamp, delta);
        }

        return true;
    }
}
