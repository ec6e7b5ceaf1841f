using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Broker.Log;

/// <summary>
/// Finds a record by its timestamp: the first whose timestamp is at least the one asked for, record by record and
/// not only
/// batch by batch; or, for -3, the first that has the largest timestamp of all (KIP-734).
/// </summary>
internal sealed class TimestampSearch
{
    private const long Largest = -3;

    /// <summary>Bound: bytes one batch may unpack to while it is searched.</summary>
    private const int MaxUnpackedBytes = 64 * 1024 * 1024;

    private readonly LogEnvironment _environment;
    private readonly PartitionLog _log;
    private readonly Offset _upTo;
    private readonly ScratchBuffer _unpacked = new();
    private long _target;
    private TimestampAnswer _found = TimestampAnswer.None;

    public TimestampSearch(LogEnvironment environment, PartitionLog log, long timestampMs, Offset upTo)
    {
        _environment = environment;
        _log = log;
        _target = timestampMs;
        _upTo = upTo;
    }

    public IEnumerator<Ticket> Run(Action<TimestampAnswer> found)
    {
        for (var i = 0; i < _log.Segments.Count; i++)
        {
            var loading = _log.Lookup.LoadIndexes(_log.Segments[i]);
            while (loading.MoveNext())
            {
                yield return loading.Current;
            }
        }

        if (_target == Largest && !TryFindLargest())
        {
            found(TimestampAnswer.None);
            yield break;
        }

        for (var i = 0; i < _log.Segments.Count && _found == TimestampAnswer.None; i++)
        {
            var segment = _log.Segments[i];
            if (segment.MaxTimestampMs < _target)
            {
                continue;
            }

            var from = segment.ScanFrom(segment.BaseOffset + segment.Times.ScanFrom(_target));
            var scan = new SegmentScan(_environment.Files, segment.File, from, segment.Size);
            var routine = scan.Run((in RecordBatchView batch, long _) => Look(batch));
            while (routine.MoveNext())
            {
                yield return routine.Current;
            }
        }

        found(_found);
    }

    private bool TryFindLargest()
    {
        _target = -1;
        for (var i = 0; i < _log.Segments.Count; i++)
        {
            _target = Math.Max(_target, _log.Segments[i].MaxTimestampMs);
        }

        return _target >= 0;
    }

    /// <summary>True where the search goes on behind this batch.</summary>
    private bool Look(in RecordBatchView batch)
    {
        if (batch.BaseOffset >= _upTo.Value)
        {
            return false;
        }

        if (batch.MaxTimestamp < _target || batch.LastOffset < _log.LogStartOffset.Value)
        {
            return true;
        }

        var payload = batch.Payload;
        if (batch.Compression != CompressionType.None)
        {
            _unpacked.Clear();
            var error = _environment.Codec.Decompress(batch.Compression, payload, MaxUnpackedBytes, _unpacked);
            if (error != CompressionError.None)
            {
                return true;
            }

            payload = _unpacked.Written;
        }

        var records = new RecordEnumerator(payload, batch.RecordCount);
        while (records.MoveNext())
        {
            var record = records.Current;
            var offset = batch.OffsetOf(record);
            if (batch.TimestampOf(record) >= _target && offset >= _log.LogStartOffset.Value && offset < _upTo.Value)
            {
                _found = new TimestampAnswer(
                    new Offset(offset), batch.TimestampOf(record), new LeaderEpoch(batch.PartitionLeaderEpoch));
                return false;
            }
        }

        return true;
    }
}
