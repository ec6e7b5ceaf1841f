using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// Brings the indexes of a segment into memory: from their files where they can be believed, else from the log
/// itself.
/// </summary>
internal static class IndexFiles
{
    /// <summary>How much of a log is read at once when its indexes are made anew.</summary>
    public const int RebuildChunkBytes = 256 * 1024;

    private const int DefaultIntervalBytes = 4096;

    /// <summary>Loads a sealed segment's indexes if they are not in memory.</summary>
    public static IEnumerator<Ticket> Ensure(LogEnvironment env, SegmentList segments, Segment segment)
    {
        segments.Touch(segment);
        if (segment.IsResident)
        {
            yield break;
        }

        var load = Load(env, segment);
        while (load.MoveNext())
        {
            yield return load.Current;
        }

        segments.EvictIndexes();
    }

    /// <summary>Loads both indexes, or rebuilds them where the files cannot belong to this log.</summary>
    public static IEnumerator<Ticket> Load(LogEnvironment env, Segment segment)
    {
        var offsets = env.Files.Read(segment.OffsetFile, 0, (int)segment.OffsetFile.Length);
        yield return offsets;
        var times = env.Files.Read(segment.TimeFile, 0, (int)segment.TimeFile.Length);
        yield return times;
        if (segment.IsResident)
        {
            // Another reader was faster.
            yield break;
        }

        var areTrimmed = segment.Offsets.TryLoad(offsets.Bytes.Span, segment.Size);
        var isPlausible = areTrimmed || segment.Offsets.Count > 0;
        areTrimmed &= segment.Times.TryLoad(times.Bytes.Span);
        isPlausible &= areTrimmed || segment.Times.Count > 0;
        var isLacking = (segment.Offsets.Count == 0 && segment.Size > RebuildChunkBytes)
            || (segment.Times.Count == 0 && segment.Size > 0);
        if (!isPlausible || isLacking)
        {
            env.Effects.Reached(ProbePoint.IndexRebuilt);
            var rebuild = Rebuild(env, segment);
            while (rebuild.MoveNext())
            {
                yield return rebuild.Current;
            }

            if (!isPlausible || segment.Offsets.Count > 0)
            {
                // Else nothing was lacking: one batch may be as large as that, and the first has no entry.
                env.Effects.Add(new Note(NoteKind.FileDamaged, segment.PathOf(LogFileNames.OffsetIndex), 0, 0));
            }

            var flush = RollSettling.FlushFiles(env, segment);
            while (flush.MoveNext())
            {
                yield return flush.Current;
            }
        }
        else if (!areTrimmed)
        {
            segment.CutIndexFiles(segment.Offsets.Count, segment.Times.Count);
        }
    }

    /// <summary>Makes both indexes anew from the batches' headers, and writes them.</summary>
    public static IEnumerator<Ticket> Rebuild(
        LogEnvironment env, Segment segment, int intervalBytes = DefaultIntervalBytes)
    {
        var next = segment.NextOffset;
        segment.ResetIndexes();
        var range = new ScanRange(0, segment.Size, false, RebuildChunkBytes);
        var walk = new LogScan(env.Files, segment.Log, range).Run(new Counter(segment, intervalBytes));
        while (walk.MoveNext())
        {
            yield return walk.Current;
        }

        segment.NextOffset = next;
        segment.SaveIndexes(all: true);
    }

    private sealed class Counter(Segment segment, int intervalBytes) : IBatchVisitor
    {
        public bool Visit(in RecordBatchView batch, long position)
        {
            segment.Count(batch, position, intervalBytes);
            return true;
        }
    }
}
