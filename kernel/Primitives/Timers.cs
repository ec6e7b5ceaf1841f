using System.Collections.Generic;

namespace Deterministic.Primitives;

/// <summary>
/// What a timer wakes. The node owns all timers; an owner is called at or after its deadline, once.
/// </summary>
public interface ITimed
{
    /// <summary>
    /// The deadline has passed. <paramref name="token"/> is what <see cref="Timers.Set"/> was given.
    /// </summary>
    void TimerFired(in Now now, long token);
}

/// <summary>One pending timer; keep it to cancel.</summary>
public sealed class TimerHandle
{
    internal TimerHandle(ITimed owner, long token, Instant deadline, long order)
    {
        Owner = owner;
        Token = token;
        Deadline = deadline;
        Order = order;
    }

    /// <summary>When it fires, at the earliest.</summary>
    public Instant Deadline { get; }

    /// <summary>True until it fires or is cancelled.</summary>
    public bool IsPending { get; internal set; } = true;

    internal ITimed Owner { get; }

    internal long Token { get; }

    internal long Order { get; }
}

/// <summary>
/// All timers of one node, in deadline order; equal deadlines fire in the order in which they were set, because that
/// order reaches effects. Cancelling marks; the heap forgets a cancelled timer when it surfaces, or when half of it
/// is dead.
/// </summary>
public sealed class Timers
{
    private readonly PriorityQueue<TimerHandle, (long Deadline, long Order)> _heap = new();
    private long _nextOrder;
    private int _cancelled;

    /// <summary>When the node must be stepped next, or <see cref="Instant.Never"/>.</summary>
    public Instant NextDeadline
    {
        get
        {
            DropCancelled();
            return _heap.TryPeek(out var next, out _) ? next.Deadline : Instant.Never;
        }
    }

    /// <summary>Pending timers.</summary>
    public int Count => _heap.Count - _cancelled;

    public TimerHandle Set(Instant deadline, ITimed owner, long token = 0)
    {
        var handle = new TimerHandle(owner, token, deadline, _nextOrder++);
        _heap.Enqueue(handle, (deadline.Microseconds, handle.Order));
        return handle;
    }

    public void Cancel(TimerHandle? handle)
    {
        if (handle is not { IsPending: true })
        {
            return;
        }

        handle.IsPending = false;
        _cancelled++;
        if (_cancelled > 64 && _cancelled > _heap.Count / 2)
        {
            Rebuild();
        }
    }

    /// <summary>
    /// Fires everything that is due. Timers set while firing wait for the next call unless due already.
    /// </summary>
    public void Advance(in Now now)
    {
        while (_heap.TryPeek(out var next, out _) && (!next.IsPending || next.Deadline <= now.Instant))
        {
            _heap.Dequeue();
            if (!next.IsPending)
            {
                _cancelled--;
                continue;
            }

            next.IsPending = false;
            next.Owner.TimerFired(now, next.Token);
        }
    }

    private void DropCancelled()
    {
        while (_heap.TryPeek(out var next, out _) && !next.IsPending)
        {
            _heap.Dequeue();
            _cancelled--;
        }
    }

    private void Rebuild()
    {
        var alive = new List<TimerHandle>(_heap.Count);
        while (_heap.TryDequeue(out var handle, out _))
        {
            if (handle.IsPending)
            {
                alive.Add(handle);
            }
        }

        foreach (var handle in alive)
        {
            _heap.Enqueue(handle, (handle.Deadline.Microseconds, handle.Order));
        }

        _cancelled = 0;
    }
}
