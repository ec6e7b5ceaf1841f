using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Finds the first record at or after a time, or the one with the largest timestamp (ListOffsets).</summary>
/// <remarks>
/// Effects  Read
///
/// The time index says where to begin; from there headers are read until a batch's largest timestamp reaches the
/// target,
/// and the answer is a record inside it. A batch may be cut at its front by the log's start: then its first records
/// are
/// none of ours. Where the record with the largest timestamp of all is one of those, -3 has no answer.
/// </remarks>
internal sealed class TimestampSearch(LogState state, Offset upTo) : IBatchVisitor
{
    /// <summary>ListOffsets' special timestamp for the record with the largest one.</summary>
    public const long MaxTimestamp = -3;

    private const int ChunkBytes = 64 * 1024;

    private long _targetMs;
    private long _batchAt = -1;
    private int _batchSize;

    public IEnumerator<Ticket> Run(long timestampMs, Action<TimestampAnswer> found)
    {
        var first = 0;
        _targetMs = timestampMs;
        if (timestampMs == MaxTimestamp)
        {
            first = SegmentOfMax();
            _targetMs = state.Segments[first].MaxTimestampMs;
        }

        var answer = TimestampAnswer.None;
        for (var i = first; i < state.Segments.Count && answer.Offset == Offset.None && _targetMs >= 0; i++)
        {
            var segment = state.Segments[i];
            if (segment.MaxTimestampMs < _targetMs || segment.Base >= upTo)
            {
                continue;
            }

            var inside = SearchIn(segment, result => answer = result);
            while (inside.MoveNext())
            {
                yield return inside.Current;
            }
        }

        found(answer.Offset >= upTo ? TimestampAnswer.None : answer);
    }

    public bool Visit(in RecordBatchView batch, long position)
    {
        if (batch.MaxTimestamp < _targetMs || batch.LastOffset < state.LogStart.Value)
        {
            return true;
        }

        _batchAt = position;
        _batchSize = batch.SizeInBytes;
        return false;
    }

    private int SegmentOfMax()
    {
        var best = 0;
        for (var i = 1; i < state.Segments.Count; i++)
        {
            if (state.Segments[i].MaxTimestampMs > state.Segments[best].MaxTimestampMs)
            {
                best = i;
            }
        }

        return best;
    }

    private IEnumerator<Ticket> SearchIn(Segment segment, Action<TimestampAnswer> found)
    {
        var load = IndexFiles.Ensure(state.Env, state.Segments, segment);
        while (load.MoveNext())
        {
            yield return load.Current;
        }

        var from = Offset.Max(segment.Base + segment.Times.DeltaBefore(_targetMs), state.LogStart);
        var position = LogReader.ScanStart(segment, from);
        while (position < segment.Size)
        {
            _batchAt = -1;
            var range = new ScanRange(position, segment.Size, false, ChunkBytes);
            var scan = new LogScan(state.Env.Files, segment.Log, range).Run(this);
            while (scan.MoveNext())
            {
                yield return scan.Current;
            }

            if (_batchAt < 0)
            {
                yield break;
            }

            var read = state.Env.Files.Read(segment.Log, _batchAt, _batchSize);
            yield return read;
            if (TryFindRecord(read.Bytes.Span, out var answer))
            {
                found(answer);
                yield break;
            }

            position = _batchAt + _batchSize;
        }
    }

    private bool TryFindRecord(ReadOnlySpan<byte> bytes, out TimestampAnswer answer)
    {
        answer = TimestampAnswer.None;
        if (!RecordBatches.TryRead(bytes, out var batch, out _)
            || state.Env.Reader.Open(batch, state.Config.MaxDecompressedBytes, out var records) != BatchError.None)
        {
            return false;
        }

        while (records.MoveNext())
        {
            var record = records.Current;
            var offset = new Offset(batch.OffsetOf(record));
            var timestamp = batch.TimestampOf(record);
            if (timestamp >= _targetMs && offset >= state.LogStart)
            {
                answer = new TimestampAnswer(offset, timestamp, new LeaderEpoch(batch.PartitionLeaderEpoch));
                return true;
            }
        }

        return false;
    }
}
