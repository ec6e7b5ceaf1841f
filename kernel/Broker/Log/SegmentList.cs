using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// A log's segments in the order of their base offsets; the last is the active one. Never empty once open.
/// </summary>
internal sealed class SegmentList
{
    /// <summary>
    /// Bound: how many sealed segments of one log keep their indexes in memory; the least recently asked goes first.
    /// </summary>
    public const int MaxResidentSealed = 8;

    private readonly List<Segment> _segments = [];
    private long _lookups;

    public int Count => _segments.Count;

    public Segment this[int index] => _segments[index];

    public Segment Active => _segments[^1];

    public Offset EndOffset => Active.NextOffset;

    public long SizeInBytes
    {
        get
        {
            var sum = 0L;
            foreach (var segment in _segments)
            {
                sum += segment.Size;
            }

            return sum;
        }
    }

    public void Add(Segment segment)
    {
        Invariant.Check(_segments.Count == 0 || segment.Base > Active.Base);
        _segments.Add(segment);
    }

    public void RemoveFirst() => _segments.RemoveAt(0);

    public void RemoveLast() => _segments.RemoveAt(_segments.Count - 1);

    /// <summary>The last segment that begins at or before an offset; the first where all begin behind it.</summary>
    public int IndexHolding(Offset offset)
    {
        var low = 0;
        var high = _segments.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_segments[middle].Base <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? 0 : low - 1;
    }

    /// <summary>The segment's indexes were asked: it will be among the last to lose them.</summary>
    public void Touch(Segment segment) => segment.LastLookup = ++_lookups;

    /// <summary>
    /// Drops indexes of sealed segments that nobody asked for lately, if there are too many in memory.
    /// </summary>
    public void EvictIndexes()
    {
        while (true)
        {
            Segment? oldest = null;
            var resident = 0;
            for (var i = 0; i < _segments.Count - 1; i++)
            {
                var segment = _segments[i];
                if (segment.IsResident && segment.Offsets.Saved == segment.Offsets.Count)
                {
                    resident++;
                    oldest = oldest is null || segment.LastLookup < oldest.LastLookup ? segment : oldest;
                }
            }

            if (resident <= MaxResidentSealed || oldest is null)
            {
                return;
            }

            oldest.Offsets.Evict();
            oldest.Times.Evict();
        }
    }
}
