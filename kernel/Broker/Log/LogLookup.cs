using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>What a replay is shown of each batch, in order; the bytes last for the call.</summary>
public delegate void BatchReplay(in RecordBatchView batch);

/// <summary>Finds ranges of segment files for readers.</summary>
/// <remarks>
/// A range begins where a batch begins and never passes the limit a reader was given (its high watermark). It ends
/// where a
/// batch ends when memory knows such a place near the byte limit, else inside a batch: Kafka's clients drop a cut
/// batch and
/// ask again. Memory knows batches that were appended or scanned in this life, and places where readers stood last;
/// anything
/// else takes one look at the disk, after which the place is known.
/// </remarks>
internal sealed class LogLookup
{
    private readonly PartitionLog _log;
    private readonly LogEnvironment _environment;
    private readonly ResumePoints _resume = new();

    public LogLookup(PartitionLog log, LogEnvironment environment)
    {
        _log = log;
        _environment = environment;
    }

    public ReadOutcome Read(Offset from, Offset upTo, int maxBytes, bool firstBatchWhole)
    {
        if (from < _log.LogStartOffset || from > upTo)
        {
            return new ReadOutcome(ReadKind.OutOfRange, default);
        }

        if (from == upTo || (maxBytes <= 0 && !firstBatchWhole))
        {
            return new ReadOutcome(ReadKind.Empty, default);
        }

        var segment = SegmentWith(from);
        if (!TryFindStart(segment, from, out var start, out var firstBatchBytes))
        {
            return new ReadOutcome(ReadKind.NeedsDisk, default);
        }

        var limit = EndOf(segment, upTo);
        if (limit <= start)
        {
            return new ReadOutcome(ReadKind.Empty, default);
        }

        if (!TryFindEnd(segment, start, limit, maxBytes, firstBatchWhole ? firstBatchBytes : 0, out var end))
        {
            return new ReadOutcome(ReadKind.NeedsDisk, default);
        }

        if (end == segment.Size || segment.BoundaryAtOrBelow(end) == end)
        {
            RememberEnd(segment, end);
        }

        var slice = new FileSlice(segment.File.Id, start, (int)(end - start));
        return new ReadOutcome(slice.Length == 0 ? ReadKind.Empty : ReadKind.Found, slice);
    }

    /// <summary>
    /// Reads the log from the nearest known batch to the one that holds this offset, and remembers where it is.
    /// </summary>
    public IEnumerator<Ticket> Find(Offset from)
    {
        var segment = SegmentWith(from);
        var indexes = LoadIndexes(segment);
        while (indexes.MoveNext())
        {
            yield return indexes.Current;
        }

        var scan = new SegmentScan(_environment.Files, segment.File, segment.ScanFrom(from), segment.Size);
        var routine = scan.Run((in RecordBatchView batch, long position) =>
        {
            if (batch.LastOffset < from.Value)
            {
                return true;
            }

            _resume.Remember(new ResumePoint(from, segment.File, position, batch.SizeInBytes));
            return false;
        });
        while (routine.MoveNext())
        {
            yield return routine.Current;
        }

        if (!scan.WasStopped)
        {
            // Compaction may have removed everything from here to the segment's end: the next segment goes on.
            _resume.Remember(new ResumePoint(from, segment.File, segment.Size, 0));
        }
    }

    public IEnumerator<Ticket> ReadAll(Offset from, BatchReplay replay)
    {
        for (var i = _log.Segments.Find(from); i < _log.Segments.Count; i++)
        {
            var segment = _log.Segments[i];
            var scan = new SegmentScan(_environment.Files, segment.File, 0, segment.Size);
            var routine = scan.Run((in RecordBatchView batch, long _) =>
            {
                if (batch.LastOffset >= from.Value)
                {
                    replay(batch);
                }

                return true;
            });
            while (routine.MoveNext())
            {
                yield return routine.Current;
            }
        }
    }

    /// <summary>
    /// Reads the index files of a segment that was found closed at start; what is wrong with them is rebuilt.
    /// </summary>
    public IEnumerator<Ticket> LoadIndexes(Segment segment)
    {
        if (segment.HasIndexes)
        {
            yield break;
        }

        var offsets = ReadFile(LogFileNames.Of(_log.Directory, segment.BaseOffset, LogFileNames.Index));
        yield return offsets;
        var times = ReadFile(LogFileNames.Of(_log.Directory, segment.BaseOffset, LogFileNames.TimeIndex));
        yield return times;
        if (segment.Index.TryRead(offsets.Bytes.Span, segment.Size)
            && segment.Times.TryRead(times.Bytes.Span)
            && (segment.Index.Count > 0 || segment.Size <= _log.Config.IndexIntervalBytes * 4L))
        {
            segment.HasIndexes = true;
            yield break;
        }

        _environment.Effects.Reached(ProbePoint.IndexRebuilt);
        segment.Reset();
        var scan = new SegmentScan(_environment.Files, segment.File, 0, segment.Size);
        var routine = scan.Run((in RecordBatchView batch, long position) =>
        {
            segment.Added(batch, (int)position, _log.Config.IndexIntervalBytes);
            return true;
        });
        while (routine.MoveNext())
        {
            yield return routine.Current;
        }
    }

    public void ForgetPositions() => _resume.Clear();

    private Ticket ReadFile(string path)
    {
        var file = _environment.Files.Open(path, 0);
        var read = _environment.Files.Read(file, 0, _log.Config.SegmentIndexBytes);
        _environment.Files.Forget(file);
        return read;
    }

    /// <summary>The segment in which the next record at or after this offset stands.</summary>
    private Segment SegmentWith(Offset offset)
    {
        var index = _log.Segments.Find(offset);
        while (index < _log.Segments.Count - 1 && _log.Segments[index].NextOffset <= offset)
        {
            index++;
        }

        return _log.Segments[index];
    }

    private bool TryFindStart(Segment segment, Offset from, out long start, out int firstBatchBytes)
    {
        if (_resume.TryFind(from, segment.File, out var point))
        {
            start = point.Position;
            firstBatchBytes = point.BatchBytes;
            return true;
        }

        firstBatchBytes = 0;
        return segment.TryFindBatch(Offset.Max(from, segment.BaseOffset), out start);
    }

    /// <summary>
    /// Where this offset's batch begins, or what is known to be at or below it: never past the limit.
    /// </summary>
    private static long EndOf(Segment segment, Offset upTo)
    {
        if (upTo >= segment.NextOffset)
        {
            return segment.Size;
        }

        return segment.TryFindBatch(upTo, out var position) ? position : segment.ScanFrom(upTo);
    }

    private static bool TryFindEnd(
        Segment segment, long start, long limit, int maxBytes, int firstBatchBytes, out long end)
    {
        end = Math.Min(limit, start + maxBytes);
        if (end == limit)
        {
            return true;
        }

        var boundary = segment.BoundaryAtOrBelow(end);
        if (boundary > start)
        {
            end = boundary;
            return true;
        }

        // No batch is known to end within the limit: the first one's size decides, where somebody looked it up.
        end = Math.Min(limit, Math.Max(end, start + firstBatchBytes));
        return firstBatchBytes > 0;
    }

    private void RememberEnd(Segment segment, long end)
    {
        if (end == segment.Size)
        {
            _resume.Remember(new ResumePoint(segment.NextOffset, segment.File, end, 0));
        }
    }
}
