using System;
using System.Collections.Generic;
using System.Threading;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>What helper threads and other threads have to tell the node.</summary>
internal enum CompletionKind : byte
{
    Flushed,
    ReadDone,
    NamesChanged,
    DiskFailed,
    StopRequested,

    /// <summary>End at once, as if the process had been killed.</summary>
    KillRequested,

    /// <summary>A slice that was cold is in the page cache now: the connection may go on sending.</summary>
    Warmed,

    /// <summary>A connection that the node dialled is up, or failed for the reason given.</summary>
    Dialled,
}

/// <summary>One answer. Which fields count follows from the kind.</summary>
internal readonly record struct Completion(CompletionKind Kind)
{
    public FileId File { get; init; }

    public long Position { get; init; }

    /// <summary>Ticket of the kernel, or the connection of Warmed and Dialled.</summary>
    public long Ticket { get; init; }

    public Memory<byte> Bytes { get; init; }

    public string? Reason { get; init; }

    /// <summary>Connected, and the node's from now on; null where dialling failed.</summary>
    public System.Net.Sockets.Socket? Socket { get; init; }

    /// <summary>Given back by the node's thread, which alone counts holders.</summary>
    public SharedHandle? Lease { get; init; }
}

/// <summary>
/// The bounded way from helper threads to the node's thread. A helper that finds it full waits; the node never waits
/// for
/// a helper, so that cannot deadlock. The node is woken only when it says that it sleeps.
/// </summary>
internal sealed class CompletionRing
{
    /// <summary>
    /// Bound: answers not yet taken. Every answer was asked for, so this is reached only by a node that stands still.
    /// </summary>
    private const int Capacity = 16 * 1024;

    private readonly object _gate = new();
    private readonly Action _wake;
    private List<Completion> _filling = [];
    private int _asleep;
    private bool _isFull;

    public CompletionRing(Action wake)
    {
        _wake = wake;
    }

    /// <summary>Any thread.</summary>
    public void Add(in Completion completion)
    {
        lock (_gate)
        {
            while (_filling.Count >= Capacity)
            {
                _isFull = true;
                Monitor.Wait(_gate);
            }

            _filling.Add(completion);
        }

        if (Interlocked.Exchange(ref _asleep, 0) == 1)
        {
            _wake();
        }
    }

    /// <summary>The node's thread: takes everything, in order, and leaves the empty list to be filled.</summary>
    public List<Completion> Take(List<Completion> empty)
    {
        Invariant.Check(empty.Count == 0);
        lock (_gate)
        {
            if (_filling.Count == 0)
            {
                return empty;
            }

            var taken = _filling;
            _filling = empty;
            if (_isFull)
            {
                _isFull = false;
                Monitor.PulseAll(_gate);
            }

            return taken;
        }
    }

    /// <summary>The node's thread, before it sleeps. False: do not, something came in.</summary>
    public bool MaySleep()
    {
        Volatile.Write(ref _asleep, 1);
        Interlocked.MemoryBarrier();
        lock (_gate)
        {
            if (_filling.Count == 0)
            {
                return true;
            }
        }

        Volatile.Write(ref _asleep, 0);
        return false;
    }

    public void Awake() => Volatile.Write(ref _asleep, 0);
}
