using System;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>Where one batch stands in its segment.</summary>
internal readonly record struct BatchPlace(Offset Base, Offset Last, long Position, int Size)
{
    public long End => Position + Size;
}

/// <summary>
/// Where the last batches of the active segment stand: readers at the log's end, and the high watermark, need no
/// index.
/// </summary>
internal sealed class RecentBatches
{
    /// <summary>Bound: how many batches are remembered.</summary>
    public const int Capacity = 128;

    private const int FirstCapacity = 8;

    private BatchPlace[] _ring = [];
    private int _start;
    private int _count;

    public void Add(in BatchPlace place)
    {
        if (_count == _ring.Length && _count < Capacity)
        {
            Grow();
        }

        if (_count == _ring.Length)
        {
            _start = (_start + 1) % _ring.Length;
            _count--;
        }

        _ring[(_start + _count) % _ring.Length] = place;
        _count++;
    }

    public void Clear()
    {
        _start = 0;
        _count = 0;
    }

    /// <summary>The batch that holds an offset.</summary>
    public bool TryFind(Offset offset, out BatchPlace place)
    {
        var index = CountWhereBaseAtOrBelow(offset) - 1;
        place = index < 0 ? default : At(index);
        return index >= 0 && place.Last >= offset;
    }

    /// <summary>
    /// The greatest remembered end of batches that all lie below an offset; -1 where none is known.
    /// </summary>
    public long BoundaryBelow(Offset offset)
    {
        var count = CountWhereBaseAtOrBelow(offset);
        if (count == 0)
        {
            return -1;
        }

        var last = At(count - 1);
        return last.Last < offset ? last.End : last.Position;
    }

    /// <summary>The greatest remembered start of a batch at or below a position; -1 where none is.</summary>
    public long BoundaryAtOrBelow(long position)
    {
        var low = 0;
        var high = _count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (At(middle).Position <= position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? -1 : At(low - 1).Position;
    }

    private int CountWhereBaseAtOrBelow(Offset offset)
    {
        var low = 0;
        var high = _count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (At(middle).Base <= offset)
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

    private ref BatchPlace At(int index) => ref _ring[(_start + index) % _ring.Length];

    private void Grow()
    {
        var grown = new BatchPlace[Math.Max(FirstCapacity, Math.Min(Capacity, _ring.Length * 2))];
        for (var i = 0; i < _count; i++)
        {
            grown[i] = At(i);
        }

        _ring = grown;
        _start = 0;
    }
}
