using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Deterministic.Broker.Log;

/// <summary>One batch that an offset index knows. Offsets are relative to the segment's base.</summary>
/// <param name="LastDelta">The batch's last offset: what Kafka's file holds.</param>
/// <param name="Position">Where the batch begins: what Kafka's file holds.</param>
/// <param name="BaseDelta">The batch's base offset; -1 for an entry that was read from the file.</param>
/// <param name="Size">The batch's size; 0 for an entry that was read from the file.</param>
internal readonly record struct IndexEntry(int LastDelta, int Position, int BaseDelta, int Size)
{
    public bool IsExact => BaseDelta >= 0;
}

/// <summary>
/// The sparse map from offsets to positions of one segment: an entry for about every index.interval.bytes of the log.
/// </summary>
/// <remarks>
/// The rule a reader would get wrong: files are written from memory, never the other way round while the node runs. A
/// sealed segment's entries may be dropped (<see cref="Evict"/>) and read again; then they only have the two
/// columns of
/// Kafka's format, and a look-up must read the log to learn where a batch begins.
/// </remarks>
internal sealed class OffsetIndex
{
    public const int EntryBytes = 8;

    private readonly List<IndexEntry> _entries = [];

    /// <summary>The entries are in memory. Always true of the active segment.</summary>
    public bool IsResident { get; set; } = true;

    /// <summary>How many entries the file holds.</summary>
    public int Saved { get; set; }

    public int Count => _entries.Count;

    public IndexEntry this[int index] => _entries[index];

    public void Add(in IndexEntry entry) => _entries.Add(entry);

    /// <summary>
    /// The number of entries whose last offset is below this one; the entry there is the first at or above.
    /// </summary>
    public int CountBelow(int delta)
    {
        var low = 0;
        var high = _entries.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[middle].LastDelta < delta)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The greatest known start of a batch at or below a position, or -1.</summary>
    public int BoundaryAtOrBelow(int position)
    {
        var low = 0;
        var high = _entries.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[middle].Position <= position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? -1 : _entries[low - 1].Position;
    }

    /// <summary>The batch at a cut position is gone, and everything behind it.</summary>
    public void TruncateTo(int position)
    {
        var kept = _entries.Count;
        while (kept > 0 && _entries[kept - 1].Position >= position)
        {
            kept--;
        }

        _entries.RemoveRange(kept, _entries.Count - kept);
    }

    public void Clear() => _entries.Clear();

    /// <summary>Forgets the entries of a sealed segment; its file has them all.</summary>
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
            BinaryPrimitives.WriteInt32BigEndian(bytes, _entries[i].LastDelta);
            BinaryPrimitives.WriteInt32BigEndian(bytes[sizeof(int)..], _entries[i].Position);
            bytes = bytes[EntryBytes..];
        }
    }

    /// <summary>
    /// Reads a file's content; false where it cannot be the index of a log of this size. Zeros at the end are room
    /// that
    /// Kafka had reserved and a crash did not let it give back.
    /// </summary>
    public bool TryLoad(ReadOnlySpan<byte> bytes, long logSize)
    {
        _entries.Clear();
        IsResident = true;
        if (bytes.Length % EntryBytes != 0)
        {
            return false;
        }

        var lastDelta = -1;
        var lastPosition = -1;
        for (; !bytes.IsEmpty; bytes = bytes[EntryBytes..])
        {
            var delta = BinaryPrimitives.ReadInt32BigEndian(bytes);
            var position = BinaryPrimitives.ReadInt32BigEndian(bytes[sizeof(int)..]);
            if (delta == 0 && position == 0 && _entries.Count > 0)
            {
                break;
            }

            if (delta <= lastDelta || position <= lastPosition || position >= logSize)
            {
                _entries.Clear();
                return false;
            }

            _entries.Add(new IndexEntry(delta, position, -1, 0));
            (lastDelta, lastPosition) = (delta, position);
        }

        Saved = _entries.Count;
        return bytes.IsEmpty;
    }
}
