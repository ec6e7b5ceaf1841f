using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Shows batches of a log in order, whole: how state machines load.</summary>
/// <remarks>
/// Effects  Read
///
/// What is appended while the replay runs is not shown. A batch that cannot be read ends the replay with a note:
/// nothing
/// behind it may be folded as if it followed.
/// </remarks>
internal sealed class LogReplay(LogState state, BatchReplay replay) : IBatchVisitor
{
    private const int ChunkBytes = 1024 * 1024;

    private Offset _from;
    private Offset _upTo;

    public IEnumerator<Ticket> Run(Offset from)
    {
        _upTo = state.EndOffset;
        _from = Offset.Max(from, state.LogStart);
        while (_from < _upTo)
        {
            var segment = state.Segments[state.Segments.IndexHolding(_from)];
            var next = segment.NextOffset;
            var start = segment.IsResident ? LogReader.ScanStart(segment, _from) : 0;
            var scan = new LogScan(state.Env.Files, segment.Log, new ScanRange(start, segment.Size, true, ChunkBytes));
            var walk = scan.Run(this);
            while (walk.MoveNext())
            {
                yield return walk.Current;
            }

            if (scan.Error != BatchError.None)
            {
                state.Env.Effects.Add(
                    new Note(NoteKind.FileDamaged, segment.PathOf(LogFileNames.Log), scan.Position, segment.Size));
                yield break;
            }

            if (next <= _from)
            {
                yield break;
            }

            _from = next;
        }
    }

    public bool Visit(in RecordBatchView batch, long position)
    {
        if (batch.BaseOffset >= _upTo.Value)
        {
            return false;
        }

        if (batch.LastOffset >= _from.Value)
        {
            replay(batch);
        }

        return true;
    }
}
