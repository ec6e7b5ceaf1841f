using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Boundary;

/// <summary>
/// Something asked of the disk that has not answered yet. A routine yields it to wait for it; it resumes in the
/// very step
/// in which the answer arrives.
/// </summary>
public sealed class Ticket
{
    /// <summary>True once the answer is here.</summary>
    public bool IsDone { get; private set; }

    /// <summary>What a read answered: shorter than asked where the file ends, empty where there is no file.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    internal Routine? Waiter { get; set; }

    /// <summary>A ticket that has nothing to wait for.</summary>
    public static Ticket Done(ReadOnlyMemory<byte> bytes = default)
    {
        var ticket = new Ticket();
        ticket.Complete(bytes);
        return ticket;
    }

    /// <summary>Answers the ticket and resumes who waits for it.</summary>
    public void Complete(ReadOnlyMemory<byte> bytes = default)
    {
        Invariant.Check(!IsDone);
        IsDone = true;
        Bytes = bytes;
        var waiter = Waiter;
        Waiter = null;
        waiter?.Resume();
    }
}

/// <summary>
/// A long conversation with the disk written as straight code: an iterator that yields a ticket wherever it must
/// wait.
/// This is how the kernel does without tasks: an iterator is a state machine that nothing resumes but the node's
/// own step.
/// A routine inside a routine is walked by hand: <c>while (inner.MoveNext()) { yield return inner.Current; }</c>.
/// </summary>
public sealed class Routine
{
    private readonly IEnumerator<Ticket> _body;
    private readonly Action? _whenDone;

    private Routine(IEnumerator<Ticket> body, Action? whenDone)
    {
        _body = body;
        _whenDone = whenDone;
    }

    /// <summary>True when the body has run to its end.</summary>
    public bool IsDone { get; private set; }

    /// <summary>
    /// Runs the body until it first has to wait, or to its end; <paramref name="whenDone"/> runs at the end.
    /// </summary>
    public static Routine Run(IEnumerator<Ticket> body, Action? whenDone = null)
    {
        var routine = new Routine(body, whenDone);
        routine.Resume();
        return routine;
    }

    internal void Resume()
    {
        while (_body.MoveNext())
        {
            if (!_body.Current.IsDone)
            {
                Invariant.Check(_body.Current.Waiter is null);
                _body.Current.Waiter = this;
                return;
            }
        }

        _body.Dispose();
        IsDone = true;
        _whenDone?.Invoke();
    }
}
