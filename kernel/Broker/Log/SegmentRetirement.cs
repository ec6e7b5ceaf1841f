using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>Shortens a log at its head: by age, by size, and by DeleteRecords.</summary>
/// <remarks>
/// Inputs   Apply, AdvanceLogStart, TimerFired
/// Effects  Rename to .deleted, and file.delete.delay.ms later Delete, so that who still reads may finish
///
/// The log start moves first. Segments go one after the other, the oldest first, each rename durable before the
/// next: a
/// crash leaves the newer part of the log, never a hole. A segment goes only once recovery could not need it: below
/// the
/// recovery point, where a durable producer snapshot remembers whom it held.
/// </remarks>
internal sealed class SegmentRetirement(LogState state, LogReader reader) : ITimed
{
    private readonly Queue<(Segment Segment, Instant DeleteAt)> _toRename = new();
    private readonly Queue<(Segment Segment, TimerHandle Timer)> _toDelete = new();
    private readonly List<Ticket> _waiters = [];
    private bool _isRenaming;

    // Inputs

    public void AdvanceLogStart(Offset to, in Now now)
    {
        if (to > state.LogStart)
        {
            Invariant.Check(to <= state.EndOffset);
            MoveStart(to);
            Apply(now, to);
        }
    }

    public void Apply(in Now now, Offset highWatermark)
    {
        var total = state.Segments.SizeInBytes;
        var bytes = 0L;
        while (state.Segments[0] is { Size: > 0 } first
            && first.NextOffset <= highWatermark
            && IsDue(first, total, now.WallMs))
        {
            if (state.Segments.Count == 1)
            {
                state.Roll(now);
            }

            if (first.NextOffset > state.RecoveryPoint)
            {
                // Not settled: the next call will find it settled.
                break;
            }

            total -= first.Size;
            bytes += first.Size;
            Retire(first, now);
        }

        if (bytes > 0)
        {
            state.Env.Effects.Reached(ProbePoint.RetentionDeleted);
            state.Env.Effects.Add(new Note(NoteKind.SegmentsDeleted, state.Name, state.LogStart.Value, bytes));
        }
    }

    /// <summary>The delay of the oldest retired segment is over.</summary>
    public void TimerFired(in Now now, long token)
    {
        var (segment, _) = _toDelete.Dequeue();
        segment.Forget();
        state.Env.Files.Delete(segment.PathOf(LogFileNames.Log) + LogFileNames.Deleted);
    }

    public void Cancel()
    {
        while (_toDelete.TryDequeue(out var next))
        {
            state.Env.Timers.Cancel(next.Timer);
            next.Segment.Forget();
        }
    }

    /// <summary>Ends once no rename is under way. What waits for its delay is removed by the next start.</summary>
    public IEnumerator<Ticket> Settled()
    {
        while (_isRenaming)
        {
            var ticket = new Ticket();
            _waiters.Add(ticket);
            yield return ticket;
        }

        Cancel();
    }

    // Transitions

    private bool IsDue(Segment segment, long total, long nowMs)
    {
        var config = state.Config;
        var isActive = state.Segments.Count == 1;
        if (!isActive && segment.NextOffset <= state.LogStart)
        {
            return true;
        }

        if (!config.IsDeleted)
        {
            return false;
        }

        var bornMs = segment.MaxTimestampMs >= 0 ? segment.MaxTimestampMs : segment.CreatedMs;
        return (config.RetentionMs >= 0 && nowMs - bornMs > config.RetentionMs)
            || (config.RetentionBytes >= 0 && total - segment.Size >= config.RetentionBytes);
    }

    private void MoveStart(Offset to)
    {
        state.LogStart = to;
        if (state.Epochs.TruncateStart(to))
        {
            state.SaveEpochs(new Offset(long.MaxValue));
        }
    }

    private void Retire(Segment segment, in Now now)
    {
        state.Segments.RemoveFirst();
        reader.ForgetResumePoints();
        MoveStart(Offset.Max(state.LogStart, state.Segments[0].Base));
        var deleteAt = now.Instant + Duration.FromMilliseconds(state.Config.FileDeleteDelayMs);
        _toRename.Enqueue((segment, deleteAt));
        if (!_isRenaming)
        {
            _isRenaming = true;
            state.Abandoned.Run(RenameAll());
        }
    }

    private IEnumerator<Ticket> RenameAll()
    {
        Segment? anchored = null;
        while (_toRename.TryPeek(out var next))
        {
            // The active segment's name is all that says where offsets go on once the others are gone: it has to be
            // durable first, and until its first append it is not even a file.
            var active = state.Segments.Active;
            if (active != anchored && active.Log.Flushed == 0)
            {
                if (active.Size == 0)
                {
                    state.Env.Files.Append(active.Log, ReadOnlyMemory<byte>.Empty);
                }

                yield return state.Env.Files.FlushAndWait(active.Log);
                anchored = active;
            }

            var path = next.Segment.PathOf(LogFileNames.Log);
            yield return state.Env.Files.Rename(path, path + LogFileNames.Deleted);
            var indexes = SegmentFiles.RemoveIndexes(state.Env, next.Segment);
            while (indexes.MoveNext())
            {
                yield return indexes.Current;
            }

            if (state.Snapshots.Remove(next.Segment.Base))
            {
                yield return state.Env.Files.Delete(state.SnapshotPath(next.Segment.Base));
            }

            _toRename.Dequeue();
            _toDelete.Enqueue((next.Segment, state.Env.Timers.Set(next.DeleteAt, this)));
        }

        _isRenaming = false;
        var waiters = _waiters.ToArray();
        _waiters.Clear();
        foreach (var waiter in waiters)
        {
            waiter.Complete();
        }
    }
}
