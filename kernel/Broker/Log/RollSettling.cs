using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// Makes rolled segments durable, one after the other: the log file and its indexes, then the producer snapshot at
/// their
/// end.
/// </summary>
/// <remarks>
/// Effects  Flush of the rolled files, then the snapshot's Append, Flush, Rename
///
/// The order is what recovery stands on: a snapshot file at an offset proves that the log below it, with its
/// indexes, had
/// been flushed. So recovery never begins behind the newest snapshot, whatever a checkpoint file says; and a
/// truncation
/// removes the snapshots behind the cut before it cuts.
/// </remarks>
internal sealed class RollSettling(LogEnvironment env, string directory, AbandonedMark abandoned)
{
    /// <summary>
    /// Bound: snapshots kept in memory for rolls that wait. Beyond it only the newest roll keeps its own.
    /// </summary>
    private const int MaxSnapshots = 8;

    private readonly Queue<Roll> _waiting = new();
    private readonly List<Ticket> _waiters = [];
    private Roll? _newest;
    private Offset? _held;
    private bool _isRunning;

    /// <summary>
    /// The recovery point stays at the beginning of the first segment that is not settled: the snapshot at its end
    /// may not
    /// be there, and the one at its beginning needs the segment.
    /// </summary>
    public Offset Floor =>
        _held ?? (_waiting.TryPeek(out var first) ? first.Segment.Base : new Offset(long.MaxValue));

    public void Begin(Segment segment, byte[] snapshot)
    {
        if (_waiting.Count >= MaxSnapshots)
        {
            _newest!.Snapshot = null;
        }

        _newest = new Roll(segment) { Snapshot = snapshot };
        _waiting.Enqueue(_newest);
        if (!_isRunning)
        {
            _isRunning = true;
            abandoned.Run(SettleAll());
        }
    }

    /// <summary>Ends once no roll waits.</summary>
    public IEnumerator<Ticket> Settled()
    {
        while (_isRunning)
        {
            var ticket = new Ticket();
            _waiters.Add(ticket);
            yield return ticket;
        }
    }

    /// <summary>Flushes all that a segment's files hold.</summary>
    public static IEnumerator<Ticket> FlushFiles(LogEnvironment env, Segment segment)
    {
        var tickets = new List<Ticket>();
        foreach (var file in (OpenFile[])[segment.Log, segment.OffsetFile, segment.TimeFile])
        {
            // What was cut down to nothing has as much to flush: unflushed, its old content is back after a power loss.
            if (file.Length > 0 || segment.IsCut)
            {
                tickets.Add(env.Files.FlushAndWait(file));
            }
        }

        foreach (var ticket in tickets)
        {
            yield return ticket;
        }
    }

    private IEnumerator<Ticket> SettleAll()
    {
        while (_waiting.TryPeek(out var next))
        {
            var flush = FlushFiles(env, next.Segment);
            while (flush.MoveNext())
            {
                yield return flush.Current;
            }

            if (next.Snapshot is { } snapshot)
            {
                var path = LogFileNames.Of(directory, next.Segment.NextOffset, LogFileNames.Snapshot);
                var write = AtomicFile.Write(env.Files, path, snapshot);
                while (write.MoveNext())
                {
                    yield return write.Current;
                }

                _held = null;
            }
            else
            {
                // Its snapshot was left out for a later one. Until that is durable nothing proves this segment: were it
                // retired, recovery would take the whole log for one whose head was never flushed.
                _held ??= next.Segment.Base;
            }

            _waiting.Dequeue();
        }

        _isRunning = false;
        var waiters = _waiters.ToArray();
        _waiters.Clear();
        foreach (var waiter in waiters)
        {
            waiter.Complete();
        }
    }

    private sealed class Roll(Segment segment)
    {
        public Segment Segment { get; } = segment;

        public byte[]? Snapshot { get; set; }
    }
}
