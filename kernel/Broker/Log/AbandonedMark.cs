using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;

namespace Deterministic.Broker.Log;

/// <summary>
/// Ends a log's routines once its directory belongs to somebody else. Their next step would name files by paths
/// that may be
/// another log's by then.
/// </summary>
internal sealed class AbandonedMark
{
    public bool IsSet { get; set; }

    /// <summary>Runs a routine that takes no further step once the mark is set.</summary>
    public void Run(IEnumerator<Ticket> body, Action? whenDone = null) => Routine.Run(Guard(body), whenDone);

    /// <summary>The routine, which ends where the mark is set.</summary>
    public IEnumerator<Ticket> Guard(IEnumerator<Ticket> body)
    {
        while (!IsSet && body.MoveNext())
        {
            yield return body.Current;
        }
    }
}
