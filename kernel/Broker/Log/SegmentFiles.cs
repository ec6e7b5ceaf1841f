using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// Removal of a segment's files, so that a crash in between leaves nothing that could be taken for a segment.
/// </summary>
internal static class SegmentFiles
{
    /// <summary>
    /// Removes the newest segments, the last first, down to a count. Each removal is durable before the next.
    /// </summary>
    public static IEnumerator<Ticket> RemoveNewest(LogState state, int keep)
    {
        while (state.Segments.Count > keep)
        {
            var segment = state.Segments.Active;
            yield return state.Env.Files.Delete(segment.PathOf(LogFileNames.Log));
            var rest = RemoveIndexes(state.Env, segment);
            while (rest.MoveNext())
            {
                yield return rest.Current;
            }

            segment.Forget();
            state.Segments.RemoveLast();
        }
    }

    /// <summary>Removes producer snapshots behind an offset, the last first.</summary>
    public static IEnumerator<Ticket> RemoveSnapshotsBehind(LogState state, Offset offset)
    {
        while (state.Snapshots.Count > 0 && state.Snapshots[^1] > offset)
        {
            yield return state.Env.Files.Delete(state.SnapshotPath(state.Snapshots[^1]));
            state.Snapshots.RemoveAt(state.Snapshots.Count - 1);
        }
    }

    /// <summary>Removes what can be made anew, or is of no use without the log file.</summary>
    public static IEnumerator<Ticket> RemoveIndexes(LogEnvironment env, Segment segment)
    {
        string[] endings = [LogFileNames.OffsetIndex, LogFileNames.TimeIndex, LogFileNames.TransactionIndex];
        foreach (var ending in endings)
        {
            yield return env.Files.Delete(segment.PathOf(ending));
        }
    }
}
