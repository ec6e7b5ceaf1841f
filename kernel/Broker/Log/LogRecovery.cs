using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// Finds how far a log that was not closed can be believed, cuts it there, and makes its indexes and epochs anew.
/// </summary>
/// <remarks>
/// Effects  Read, Delete, Truncate, Append (indexes), Flush
///
/// Of what was never flushed any part may be there: torn batches, zeros, a later segment without the one before it.
/// So
/// every batch's checksum and offsets are checked, the first that is wrong ends the log, and what comes behind it
/// goes,
/// the last segment first: a crash during recovery must not leave a hole that the next one takes for a log.
///
/// A log that must be whole up to an offset, and is not, is left as it is: <see cref="LogState.IsDamaged"/>.
/// </remarks>
internal sealed class LogRecovery(LogState state, Offset wholeBelow) : IBatchVisitor
{
    private const int ChunkBytes = 1024 * 1024;

    private Segment? _segment;
    private Offset _limit;

    /// <summary>Recovers from the segment of this index on.</summary>
    public IEnumerator<Ticket> Run(int first)
    {
        state.Epochs.TruncateEnd(state.Segments[first].Base);
        for (var i = first; i < state.Segments.Count; i++)
        {
            var step = HasHoleBefore(i) ? RemoveFrom(i) : Recover(i);
            while (step.MoveNext())
            {
                yield return step.Current;
            }

            if (state.IsDamaged)
            {
                yield break;
            }
        }

        for (var i = first; i < state.Segments.Count; i++)
        {
            var flush = RollSettling.FlushFiles(state.Env, state.Segments[i]);
            while (flush.MoveNext())
            {
                yield return flush.Current;
            }
        }

        state.Segments.EvictIndexes();
    }

    public bool Visit(in RecordBatchView batch, long position)
    {
        var segment = _segment!;
        if (!batch.IsValidCrc
            || batch.LastOffsetDelta < 0
            || batch.BaseOffset < segment.NextOffset.Value
            || batch.LastOffset >= _limit.Value
            || batch.LastOffset - segment.Base.Value > int.MaxValue)
        {
            return false;
        }

        segment.Count(batch, position, state.Config.IndexIntervalBytes);
        var start = new Offset(batch.BaseOffset);
        state.Recent.Add(new BatchPlace(start, new Offset(batch.LastOffset), position, batch.SizeInBytes));
        var epoch = new LeaderEpoch(batch.PartitionLeaderEpoch);
        if (epoch > state.Epochs.Latest)
        {
            state.Epochs.Assign(epoch, start);
        }

        return true;
    }

    /// <summary>
    /// Only compaction makes a segment end before the next one begins, and it leaves unflushed ones alone.
    /// </summary>
    private bool HasHoleBefore(int index) => index > 0
        && state.Segments[index].Base != state.Segments[index - 1].NextOffset
        && !state.Config.IsCompacted;

    private IEnumerator<Ticket> Recover(int index)
    {
        var segment = state.Segments[index];
        _segment = segment;
        _limit = index + 1 < state.Segments.Count ? state.Segments[index + 1].Base : new Offset(long.MaxValue);
        state.Recent.Clear();
        segment.ResetIndexes();
        state.Env.Effects.Add(new Note(NoteKind.Recovering, state.Name, index, state.Segments.Count));
        var scan = new LogScan(state.Env.Files, segment.Log, new ScanRange(0, segment.Size, true, ChunkBytes));
        var walk = scan.Run(this);
        while (walk.MoveNext())
        {
            yield return walk.Current;
        }

        if (scan.Position < segment.Size)
        {
            if (segment.NextOffset < wholeBelow)
            {
                state.IsDamaged = true;
                yield break;
            }

            foreach (var step in (IEnumerator<Ticket>[])[
                RemoveFrom(index + 1),
                SegmentFiles.RemoveSnapshotsBehind(state, segment.NextOffset)])
            {
                while (step.MoveNext())
                {
                    yield return step.Current;
                }
            }

            state.Env.Effects.Reached(ProbePoint.RecoveryTruncatedTail);
            var cut = segment.Size - scan.Position;
            state.Env.Effects.Add(new Note(NoteKind.TailTruncated, state.Name, cut, segment.NextOffset.Value));
            segment.CutTo(scan.Position);
        }

        // Also of the active segment: if it is rolled right here, an older snapshot says already that they are durable.
        segment.SaveIndexes(all: true);
    }

    private IEnumerator<Ticket> RemoveFrom(int index)
    {
        if (state.Segments[index - 1].NextOffset < wholeBelow)
        {
            state.IsDamaged = true;
            yield break;
        }

        if (index < state.Segments.Count)
        {
            state.Env.Effects.Reached(ProbePoint.RecoveryDeletedSegment);
        }

        foreach (var step in (IEnumerator<Ticket>[])[
            SegmentFiles.RemoveSnapshotsBehind(state, state.Segments[index - 1].NextOffset),
            SegmentFiles.RemoveNewest(state, index)])
        {
            while (step.MoveNext())
            {
                yield return step.Current;
            }
        }
    }
}
