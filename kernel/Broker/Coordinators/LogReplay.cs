using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Coordinators;

/// <summary>
/// Reads a coordinator's log from its start to its end and replays what stands there into the machine.
/// </summary>
/// <remarks>
/// Nothing is assumed of the offsets but that they grow: compaction leaves gaps, also at the end (BUGS.md GRP-07).
/// Records
/// of a transaction are kept back until its marker: a commit replays them with the offsets at which they stand, an
/// abort drops them.
/// </remarks>
internal sealed class LogReplay
{
    /// <summary>Bound: what one batch may decompress to.</summary>
    private const int MaxPayloadBytes = 256 * 1024 * 1024;

    private readonly ICoordinatorLog _log;
    private readonly ICoordinatorMachine _machine;
    private readonly BatchReader _reader = new();
    private readonly Dictionary<long, List<(CoordinatorRecord Record, Offset At)>> _open = [];

    public LogReplay(ICoordinatorLog log, ICoordinatorMachine machine)
    {
        _log = log;
        _machine = machine;
    }

    /// <summary>
    /// Runs to the end of the log as it is now; what is no longer wanted is read, but replayed into nothing.
    /// </summary>
    public IEnumerator<Ticket> Run(Func<bool> isWanted)
    {
        var from = _log.LogStartOffset;
        return _log.ReadAll(from, (in RecordBatchView batch) =>
        {
            if (isWanted())
            {
                ReplayBatch(batch, from);
            }
        });
    }

    private void ReplayBatch(in RecordBatchView batch, Offset from)
    {
        if (_reader.Open(batch, MaxPayloadBytes, out var records) != BatchError.None)
        {
            return;
        }

        foreach (var record in records)
        {
            var at = new Offset(batch.OffsetOf(record));
            if (at < from || record.IsKeyNull)
            {
                continue;
            }

            if (batch.IsControl)
            {
                EndTransaction(batch.ProducerId, record.Key);
            }
            else if (_machine.Read(record.Key, record.Value, record.IsValueNull) is { } read)
            {
                Take(batch, read, at);
            }
        }
    }

    private void Take(in RecordBatchView batch, CoordinatorRecord record, Offset at)
    {
        if (!batch.IsTransactional)
        {
            _machine.Replay(record, at);
            return;
        }

        if (!_open.TryGetValue(batch.ProducerId, out var kept))
        {
            kept = [];
            _open.Add(batch.ProducerId, kept);
        }

        kept.Add((record, at));
    }

    private void EndTransaction(long producerId, ReadOnlySpan<byte> key)
    {
        if (!ControlRecords.TryReadKey(key, out var type) || !_open.Remove(producerId, out var kept))
        {
            return;
        }

        if (type == ControlRecordType.Commit)
        {
            foreach (var (record, at) in kept)
            {
                _machine.Replay(record, at);
            }
        }
    }
}
