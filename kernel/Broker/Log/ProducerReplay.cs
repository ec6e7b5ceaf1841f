using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// Makes the producer states of a log anew: the newest snapshot that can be read, and the batches behind it. A
/// damaged
/// snapshot is removed and the one before it used.
/// </summary>
/// <remarks>
/// A segment that the replay enters gets the snapshot that belongs at its beginning, where a crash did not leave it
/// time to:
/// when the segments before it are deleted, only that remembers their producers, and proves that they had been
/// there. So what lies below must be flushed
/// by now, for that is what a snapshot says.
/// </remarks>
internal sealed class ProducerReplay(LogState state, Now now) : IBatchVisitor
{
    private const int ChunkBytes = 1024 * 1024;

    /// <summary>Most snapshots are no larger.</summary>
    private const int FirstReadBytes = 16 * 1024;

    private Offset _from;

    public IEnumerator<Ticket> Run()
    {
        state.Producers.Clear();
        var from = state.Segments[0].Base;
        for (var i = state.Snapshots.Count - 1; i >= 0; i--)
        {
            var offset = state.Snapshots[i];
            var path = state.SnapshotPath(offset);
            var file = state.Env.Files.Open(path, 0);
            var read = state.Env.Files.Read(file, 0, FirstReadBytes);
            yield return read;
            if (read.Bytes.Length == FirstReadBytes)
            {
                read = state.Env.Files.Read(file, 0, ProducerSnapshot.MaxBytes);
                yield return read;
            }

            state.Env.Files.Forget(file);
            if (ProducerSnapshot.TryLoad(read.Bytes.Span, state.Producers))
            {
                from = Offset.Max(from, offset);
                break;
            }

            state.Env.Effects.Reached(ProbePoint.ProducerSnapshotDamaged);
            state.Env.Effects.Add(new Note(NoteKind.FileDamaged, path, 0, 0));
            yield return state.Env.Files.Delete(path);
            state.Snapshots.RemoveAt(i);
        }

        for (var i = state.Segments.IndexHolding(from); i < state.Segments.Count; i++)
        {
            var segment = state.Segments[i];
            if (segment.Base >= from && segment.Base > Offset.Zero && !state.Snapshots.Contains(segment.Base))
            {
                var write = SaveAt(segment.Base);
                while (write.MoveNext())
                {
                    yield return write.Current;
                }
            }

            _from = from;
            var start = segment.IsResident ? LogReader.ScanStart(segment, from) : 0;
            var range = new ScanRange(start, segment.Size, true, ChunkBytes);
            var scan = new LogScan(state.Env.Files, segment.Log, range).Run(this);
            while (scan.MoveNext())
            {
                yield return scan.Current;
            }
        }

        state.Producers.Expire(now.WallMs, state.Config.ProducerIdExpirationMs);
    }

    private IEnumerator<Ticket> SaveAt(Offset offset)
    {
        var at = state.Snapshots.FindIndex(known => known > offset);
        state.Snapshots.Insert(at < 0 ? state.Snapshots.Count : at, offset);
        return AtomicFile.Write(state.Env.Files, state.SnapshotPath(offset), ProducerSnapshot.ToBytes(state.Producers));
    }

    public bool Visit(in RecordBatchView batch, long position)
    {
        if (batch.BaseOffset >= _from.Value)
        {
            state.Producers.Update(batch, now.WallMs);
        }

        return true;
    }
}
