using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// Ends what a crash interrupted: removes files that were being written or deleted, and completes replacements of
/// segments
/// that were ready.
/// </summary>
/// <remarks>
/// Effects  Delete, Rename, Read
///
/// Compaction writes .cleaned files, renames them to .swap when all are whole, and then takes the originals away.
/// So a
/// .swap file is whole, unless a .cleaned file below it says that its group was still being renamed.
/// </remarks>
internal sealed class SwapCompletion(LogState state, LogListing listing) : IBatchVisitor
{
    private const int ChunkBytes = 256 * 1024;

    private Offset _next;

    public IEnumerator<Ticket> Run()
    {
        foreach (var path in listing.Leftovers)
        {
            state.Env.Effects.Reached(ProbePoint.InterruptedReplacement);
            yield return state.Env.Files.Delete(path);
        }

        foreach (var (offset, found) in listing.Swaps)
        {
            state.Env.Effects.Reached(ProbePoint.InterruptedReplacement);
            var step = found.Log < 0 || offset >= listing.FirstCleaned
                ? RemoveSwap(offset, found)
                : Complete(offset, found);
            while (step.MoveNext())
            {
                yield return step.Current;
            }
        }

        var orphans = RemoveOrphans();
        while (orphans.MoveNext())
        {
            yield return orphans.Current;
        }
    }

    public bool Visit(in RecordBatchView batch, long position)
    {
        _next = new Offset(batch.NextOffset);
        return true;
    }

    private IEnumerator<Ticket> RemoveSwap(Offset offset, FoundSegment found)
    {
        foreach (var (ending, _) in FilesOf(found))
        {
            yield return state.Env.Files.Delete(PathOf(offset, ending + LogFileNames.Swap));
        }
    }

    private IEnumerator<Ticket> Complete(Offset offset, FoundSegment found)
    {
        _next = offset;
        var swap = state.Env.Files.Open(PathOf(offset, LogFileNames.Log + LogFileNames.Swap), found.Log);
        var scan = new LogScan(state.Env.Files, swap, new ScanRange(0, found.Log, false, ChunkBytes)).Run(this);
        while (scan.MoveNext())
        {
            yield return scan.Current;
        }

        state.Env.Files.Forget(swap);
        var replaced = new List<Offset>();
        foreach (var (original, _) in listing.Segments)
        {
            if (original == offset || (original > offset && original < _next))
            {
                replaced.Add(original);
            }
        }

        foreach (var original in replaced)
        {
            foreach (var (ending, _) in FilesOf(listing.Segments[original]))
            {
                yield return state.Env.Files.Delete(PathOf(original, ending));
            }

            listing.Segments.Remove(original);
        }

        // The log file last: until then the rest of the replacement is known by it.
        var files = FilesOf(found);
        for (var i = files.Count - 1; i >= 0; i--)
        {
            var path = PathOf(offset, files[i].Ending);
            yield return state.Env.Files.Rename(path + LogFileNames.Swap, path);
        }

        listing.Segments[offset] = found;
    }

    /// <summary>An index without its log says nothing.</summary>
    private IEnumerator<Ticket> RemoveOrphans()
    {
        var orphans = new List<Offset>();
        foreach (var (offset, found) in listing.Segments)
        {
            if (found.Log < 0)
            {
                orphans.Add(offset);
            }
        }

        foreach (var offset in orphans)
        {
            foreach (var (ending, _) in FilesOf(listing.Segments[offset]))
            {
                yield return state.Env.Files.Delete(PathOf(offset, ending));
            }

            listing.Segments.Remove(offset);
        }
    }

    private string PathOf(Offset offset, string ending) => LogFileNames.Of(state.Directory, offset, ending);

    private static List<(string Ending, long Length)> FilesOf(FoundSegment found)
    {
        var files = new List<(string, long)>();
        AddFile(files, LogFileNames.Log, found.Log);
        AddFile(files, LogFileNames.OffsetIndex, found.OffsetIndex);
        AddFile(files, LogFileNames.TimeIndex, found.TimeIndex);
        AddFile(files, LogFileNames.TransactionIndex, found.TransactionIndex);
        return files;
    }

    private static void AddFile(List<(string Ending, long Length)> files, string ending, long length)
    {
        if (length >= 0)
        {
            files.Add((ending, length));
        }
    }
}
