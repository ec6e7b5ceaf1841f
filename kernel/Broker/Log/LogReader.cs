using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// Finds the bytes that answer a fetch: from memory alone where it can (<see cref="Read"/>), else by a look at the
/// disk
/// (<see cref="Find"/>). The bytes themselves are never touched.
/// </summary>
/// <remarks>
/// Effects  Read (of index files and of headers, in Find)
///
/// An answer begins with the batch that holds the offset and never reaches the batch that holds the upper bound. It
/// ends
/// where a batch is known to begin, so that a sequential reader's next offset is known to us as well, and in the
/// middle of
/// a batch only where no such place is known.
///
/// What memory knows: the last batches of the active segment, index entries made since the node started, and where
/// a few
/// recent answers ended.
/// </remarks>
internal sealed class LogReader(LogEnvironment env, SegmentList segments, RecentBatches recent)
{
    /// <summary>Bound: how many ends of cold answers are remembered.</summary>
    private const int MaxResumePoints = 16;

    private const int ChunkBytes = 16 * 1024;

    private readonly ResumePoint[] _resumePoints = new ResumePoint[MaxResumePoints];

    private int _nextResumePoint;

    /// <summary>Answers from memory. The offset lies in the log, and below the upper bound.</summary>
    public ReadOutcome Read(Offset from, in ReadLimits limits)
    {
        var segment = segments[segments.IndexHolding(from)];
        return TryPlace(ref segment, from, out var place)
            ? Answer(segment, place, limits)
            : ReadOutcome.Of(ReadKind.NeedsDisk);
    }

    /// <summary>
    /// Learns where the batch that holds an offset stands, and the one behind it: a chunk of headers is read.
    /// Several may
    /// run at once.
    /// </summary>
    public IEnumerator<Ticket> Find(Offset from)
    {
        env.Effects.Reached(ProbePoint.ColdFetch);
        var index = segments.IndexHolding(from);
        while (index < segments.Count)
        {
            var segment = segments[index];
            var load = IndexFiles.Ensure(env, segments, segment);
            while (load.MoveNext())
            {
                yield return load.Current;
            }

            var finder = new BatchFinder(segment, from);
            var start = ScanStart(segment, from);
            var scan = new LogScan(env.Files, segment.Log, new ScanRange(start, segment.Size, false, ChunkBytes));
            var walk = scan.Run(finder);
            while (walk.MoveNext())
            {
                yield return walk.Current;
            }

            if (finder.IsFound)
            {
                if (finder.Following.Segment is not null)
                {
                    Remember(finder.Following);
                }

                Remember(finder.First);
                yield break;
            }

            // Offsets may be missing between the last batch of a segment and the next segment (compaction).
            index = segments.IndexHolding(segment.Base) + 1;
        }
    }

    /// <summary>
    /// Where a scan for the batch that holds an offset may begin: at a batch that lies before it, or the start.
    /// </summary>
    public static long ScanStart(Segment segment, Offset offset)
    {
        var delta = (int)Math.Clamp(offset - segment.Base, 0, int.MaxValue);
        var below = segment.Offsets.CountBelow(delta);
        return below == 0 ? 0 : segment.Offsets[below - 1].Position;
    }

    /// <summary>Segments were cut or removed.</summary>
    public void ForgetResumePoints() => Array.Clear(_resumePoints);

    /// <summary>The batch that holds an offset, if memory knows it.</summary>
    private bool TryPlace(ref Segment segment, Offset offset, out BatchPlace place)
    {
        if (ReferenceEquals(segment, segments.Active) && recent.TryFind(offset, out place))
        {
            return true;
        }

        if (segment.Offsets.IsResident)
        {
            var delta = (int)(offset - segment.Base);
            var index = segment.Offsets.CountBelow(delta);
            if (index < segment.Offsets.Count && segment.Offsets[index] is { IsExact: true } entry
                && entry.BaseDelta <= delta)
            {
                segments.Touch(segment);
                var (first, last) = (segment.Base + entry.BaseDelta, segment.Base + entry.LastDelta);
                place = new BatchPlace(first, last, entry.Position, entry.Size);
                return true;
            }
        }

        foreach (ref readonly var point in _resumePoints.AsSpan())
        {
            if (point.Segment is { } found && point.From <= offset && offset <= point.Place.Last)
            {
                segment = found;
                place = point.Place;
                return true;
            }
        }

        place = default;
        return false;
    }

    private void Remember(in ResumePoint point)
    {
        _resumePoints[_nextResumePoint] = point;
        _nextResumePoint = (_nextResumePoint + 1) % MaxResumePoints;
    }

    private ReadOutcome Answer(Segment segment, in BatchPlace first, in ReadLimits limits)
    {
        if (first.Last >= limits.UpTo || (first.Size > limits.MaxBytes && !limits.FirstBatchWhole))
        {
            return ReadOutcome.Of(ReadKind.Empty);
        }

        var end = first.End;
        if (first.Size < limits.MaxBytes)
        {
            var allowed = Math.Max(first.End, EndBelow(segment, limits.UpTo));
            var wanted = first.Position + limits.MaxBytes;
            end = allowed <= wanted ? allowed : CutAt(segment, first, wanted);
        }

        var length = (int)(end - first.Position);
        return new ReadOutcome(ReadKind.Found, new FileSlice(segment.Log.Id, first.Position, length));
    }

    /// <summary>The greatest known end of batches that all lie below a bound; -1 where none is known.</summary>
    private long EndBelow(Segment segment, Offset upTo)
    {
        if (upTo >= segment.NextOffset)
        {
            return segment.Size;
        }

        var end = ReferenceEquals(segment, segments.Active) ? recent.BoundaryBelow(upTo) : -1;
        if (end < 0 && segment.Offsets.IsResident)
        {
            var below = segment.Offsets.CountBelow((int)(upTo - segment.Base));
            if (below > 0)
            {
                end = segment.Offsets[below - 1].Position + segment.Offsets[below - 1].Size;
            }
        }

        foreach (ref readonly var point in _resumePoints.AsSpan())
        {
            if (ReferenceEquals(point.Segment, segment) && point.Place.Base <= upTo)
            {
                end = Math.Max(end, point.Place.Last < upTo ? point.Place.End : point.Place.Position);
            }
        }

        return end;
    }

    /// <summary>
    /// The greatest place at or before a position where a batch is known to end; else the position itself.
    /// </summary>
    private long CutAt(Segment segment, in BatchPlace first, long wanted)
    {
        var cut = (long)segment.Offsets.BoundaryAtOrBelow((int)Math.Min(wanted, int.MaxValue));
        if (ReferenceEquals(segment, segments.Active))
        {
            cut = Math.Max(cut, recent.BoundaryAtOrBelow(wanted));
        }

        foreach (ref readonly var point in _resumePoints.AsSpan())
        {
            if (ReferenceEquals(point.Segment, segment) && point.Place.Position <= wanted)
            {
                cut = Math.Max(cut, point.Place.Position);
            }
        }

        return cut >= first.End ? cut : wanted;
    }

    /// <summary>
    /// Finds the batch that holds an offset, and remembers it and those that follow it in what is read.
    /// </summary>
    private sealed class BatchFinder(Segment segment, Offset from) : IBatchVisitor
    {
        private long _until;

        public bool IsFound => First.Segment is not null;

        public ResumePoint First { get; private set; }

        /// <summary>
        /// The last batch that the chunk shows: where an answer may end and a sequential reader go on.
        /// </summary>
        public ResumePoint Following { get; private set; }

        public bool Visit(in RecordBatchView batch, long position)
        {
            if (batch.LastOffset < from.Value)
            {
                return true;
            }

            var place = new BatchPlace(
                new Offset(batch.BaseOffset), new Offset(batch.LastOffset), position, batch.SizeInBytes);
            if (!IsFound)
            {
                First = new ResumePoint(segment, Offset.Min(from, place.Base), place);
                _until = position + ChunkBytes;
                return place.End < _until;
            }

            Following = new ResumePoint(segment, place.Base, place);
            return place.End < _until;
        }
    }
}

/// <summary>
/// Where a batch stands that holds an offset, or is the first behind it where compaction took the offset away.
/// </summary>
internal readonly record struct ResumePoint(Segment? Segment, Offset From, BatchPlace Place);

/// <summary>What a reader asked for, beside where to begin.</summary>
internal readonly record struct ReadLimits(Offset UpTo, int MaxBytes, bool FirstBatchWhole);
