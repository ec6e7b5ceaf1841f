using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>The files of a partition's directory at start, sorted into what they are for.</summary>
internal sealed class LogListing
{
    public LogListing(DiskImage image, string directory)
    {
        foreach (var entry in image.Within(directory))
        {
            Sort(entry);
        }
    }

    /// <summary>
    /// Base offsets of segments, in order, with the lengths of their files; -1 where one is missing.
    /// </summary>
    public SortedDictionary<Offset, FoundSegment> Segments { get; } = [];

    /// <summary>The same of replacements that were ready to be swapped in.</summary>
    public SortedDictionary<Offset, FoundSegment> Swaps { get; } = [];

    /// <summary>Offsets of producer snapshots, in order.</summary>
    public List<Offset> Snapshots { get; } = [];

    /// <summary>Neither records nor anything that was made from some.</summary>
    public bool IsEmpty => Segments.Count + Swaps.Count + Snapshots.Count == 0;

    /// <summary>What an interrupted replacement or deletion left.</summary>
    public List<string> Leftovers { get; } = [];

    /// <summary>The lowest base offset of a replacement that was still being written.</summary>
    public Offset FirstCleaned { get; private set; } = new(long.MaxValue);

    private void Sort(in DiskEntry entry)
    {
        var name = LogFileNames.NameOf(entry.Path);
        var isSegmentFile = LogFileNames.TryParse(name, out var offset, out var ending);
        if (ending.EndsWith(LogFileNames.Cleaned, StringComparison.Ordinal))
        {
            FirstCleaned = Offset.Min(FirstCleaned, offset);
            Leftovers.Add(entry.Path);
        }
        else if (name.EndsWith(LogFileNames.Deleted, StringComparison.Ordinal)
            || name.EndsWith(LogFileNames.Temporary, StringComparison.Ordinal))
        {
            Leftovers.Add(entry.Path);
        }
        else if (isSegmentFile && ending == LogFileNames.Snapshot)
        {
            Snapshots.Add(offset);
        }
        else if (isSegmentFile && ending.EndsWith(LogFileNames.Swap, StringComparison.Ordinal))
        {
            Add(Swaps, offset, ending[..^LogFileNames.Swap.Length], entry.Length);
        }
        else if (isSegmentFile)
        {
            Add(Segments, offset, ending, entry.Length);
        }
    }

    private static void Add(
        SortedDictionary<Offset, FoundSegment> segments, Offset offset, string ending, long length)
    {
        var found = segments.TryGetValue(offset, out var known) ? known : new FoundSegment(-1, -1, -1, -1);
        switch (ending)
        {
            case LogFileNames.Log:
                segments[offset] = found with { Log = length };
                break;
            case LogFileNames.OffsetIndex:
                segments[offset] = found with { OffsetIndex = length };
                break;
            case LogFileNames.TimeIndex:
                segments[offset] = found with { TimeIndex = length };
                break;
            case LogFileNames.TransactionIndex:
                segments[offset] = found with { TransactionIndex = length };
                break;
            default:
                // Names with offsets that mean nothing to this release (the metadata quorum keeps its own here).
                break;
        }
    }
}

/// <summary>The lengths of a segment's files, -1 where one is missing.</summary>
internal readonly record struct FoundSegment(long Log, long OffsetIndex, long TimeIndex, long TransactionIndex);
