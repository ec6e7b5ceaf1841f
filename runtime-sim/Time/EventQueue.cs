using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Time;

/// <summary>
/// What is going to happen, in order of time; events of one instant come in the order of their ranks, and equal ranks
/// in the
/// order in which they were added. A heap with four children per node: half as deep as a binary one, and the four
/// keys compared at each level lie side by side.
/// </summary>
/// <remarks>Order: the rank is where a schedule strategy reorders what could have happened either way round.</remarks>
public sealed class EventQueue<T>
    where T : struct
{
    private const int Arity = 4;

    private readonly List<Entry> _heap = new(256);
    private long _nextSequence;

    public int Count => _heap.Count;

    /// <summary>When the next event happens, or <see cref="Instant.Never"/>.</summary>
    public Instant NextAt => _heap.Count == 0 ? Instant.Never : new Instant(_heap[0].At);

    public void Add(Instant at, in T what, int rank = 0)
    {
        var entry = new Entry(at.Microseconds, rank, _nextSequence++, what);
        _heap.Add(entry);
        var heap = CollectionsMarshal.AsSpan(_heap);
        var hole = heap.Length - 1;
        while (hole > 0)
        {
            var parent = (hole - 1) / Arity;
            if (!IsBefore(entry, heap[parent]))
            {
                break;
            }

            heap[hole] = heap[parent];
            hole = parent;
        }

        heap[hole] = entry;
    }

    /// <summary>Takes the next event if it happens no later than <paramref name="limit"/>.</summary>
    public bool TryTake(Instant limit, out Instant at, out T what)
    {
        if (_heap.Count == 0 || _heap[0].At > limit.Microseconds)
        {
            at = Instant.Never;
            what = default;
            return false;
        }

        var first = _heap[0];
        at = new Instant(first.At);
        what = first.What;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (_heap.Count > 0)
        {
            Sink(CollectionsMarshal.AsSpan(_heap), last);
        }

        return true;
    }

    public void Clear() => _heap.Clear();

    private static void Sink(Span<Entry> heap, in Entry entry)
    {
        var hole = 0;
        while (true)
        {
            var child = (hole * Arity) + 1;
            if (child >= heap.Length)
            {
                break;
            }

            var end = Math.Min(child + Arity, heap.Length);
            var least = child;
            for (var i = child + 1; i < end; i++)
            {
                if (IsBefore(heap[i], heap[least]))
                {
                    least = i;
                }
            }

            if (!IsBefore(heap[least], entry))
            {
                break;
            }

            heap[hole] = heap[least];
            hole = least;
        }

        heap[hole] = entry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsBefore(in Entry a, in Entry b)
    {
        if (a.At != b.At)
        {
            return a.At < b.At;
        }

        return a.Rank != b.Rank ? a.Rank < b.Rank : a.Sequence < b.Sequence;
    }

    private readonly record struct Entry(long At, int Rank, long Sequence, T What);
}
