using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Shortens a log at its end: what a follower does with records that its leader does not have.</summary>
/// <remarks>
/// Effects  Delete, Truncate, Flush; Read for what has to be learned anew
///
/// The order: snapshots behind the cut, then segments from the last backwards, each durable before the next, then
/// the cut
/// itself, flushed. A crash anywhere leaves a log that recovery reads from the cut on, because no snapshot behind
/// it is
/// left to say otherwise.
/// </remarks>
internal sealed class LogTruncation(LogState state, LogReader reader) : IBatchVisitor
{
    private Offset _offset;
    private long _position;
    private Offset _end;

    public IEnumerator<Ticket> Run(Offset offset, Now now)
    {
        _offset = offset;
        foreach (var step in (IEnumerator<Ticket>[])[
            state.Rolls.Settled(),
            state.EpochFile.Settle(),
            SegmentFiles.RemoveSnapshotsBehind(state, offset),
            Cut(now),
            new ProducerReplay(state, now).Run(),
            FlushRest(),
            state.EpochFile.Settle()])
        {
            while (step.MoveNext())
            {
                yield return step.Current;
            }
        }

        state.Progress.Reset(state.EndOffset);
    }

    /// <summary>Removes all segments and begins with an empty one at <paramref name="offset"/>.</summary>
    public IEnumerator<Ticket> Restart(Offset offset, Now now)
    {
        foreach (var step in (IEnumerator<Ticket>[])[
            state.Rolls.Settled(),
            state.EpochFile.Settle(),
            SegmentFiles.RemoveSnapshotsBehind(state, Offset.Zero),
            ReplaceAll(offset, now),
            new ProducerReplay(state, now).Run(),
            FlushRest(),
            state.EpochFile.Settle()])
        {
            while (step.MoveNext())
            {
                yield return step.Current;
            }
        }

        state.Progress.Reset(state.EndOffset);
    }

    public bool Visit(in RecordBatchView batch, long position)
    {
        if (batch.LastOffset >= _offset.Value)
        {
            _end = Offset.Min(_end, new Offset(batch.BaseOffset));
            return false;
        }

        _position = position + batch.SizeInBytes;
        return true;
    }

    private IEnumerator<Ticket> Cut(Now now)
    {
        state.Recent.Clear();
        reader.ForgetResumePoints();
        var isBeforeAll = _offset < state.Segments[0].Base;
        var keep = isBeforeAll ? 0 : state.Segments.IndexHolding(_offset) + 1;
        var remove = SegmentFiles.RemoveNewest(state, keep);
        while (remove.MoveNext())
        {
            yield return remove.Current;
        }

        if (isBeforeAll)
        {
            state.Segments.Add(state.NewSegment(_offset, now));
            EndAt(_offset);
            yield break;
        }

        // The segment's indexes are made anew from what is left of it: the largest timestamp may have been cut off.
        var segment = state.Segments.Active;
        _end = _offset;
        var load = IndexFiles.Ensure(state.Env, state.Segments, segment);
        while (load.MoveNext())
        {
            yield return load.Current;
        }

        _position = LogReader.ScanStart(segment, _offset);
        var range = new ScanRange(_position, segment.Size, false, IndexFiles.RebuildChunkBytes);
        var scan = new LogScan(state.Env.Files, segment.Log, range).Run(this);
        while (scan.MoveNext())
        {
            yield return scan.Current;
        }

        segment.CutTo(_position);
        segment.NextOffset = _end;
        var rebuild = IndexFiles.Rebuild(state.Env, segment, state.Config.IndexIntervalBytes);
        while (rebuild.MoveNext())
        {
            yield return rebuild.Current;
        }

        EndAt(_end);
    }

    private IEnumerator<Ticket> ReplaceAll(Offset offset, Now now)
    {
        state.Recent.Clear();
        reader.ForgetResumePoints();
        var remove = SegmentFiles.RemoveNewest(state, 0);
        while (remove.MoveNext())
        {
            yield return remove.Current;
        }

        state.Segments.Add(state.NewSegment(offset, now));
        state.LogStart = offset;
        state.Epochs.Clear();
        state.SaveEpochs(offset);
    }

    /// <summary>A routine of its own: which segment is the active one is known only after the cut.</summary>
    private IEnumerator<Ticket> FlushRest()
    {
        var flush = RollSettling.FlushFiles(state.Env, state.Segments.Active);
        while (flush.MoveNext())
        {
            yield return flush.Current;
        }
    }

    private void EndAt(Offset end)
    {
        state.LogStart = Offset.Min(state.LogStart, end);
        if (state.Epochs.TruncateEnd(end))
        {
            state.SaveEpochs(end);
        }
    }
}
