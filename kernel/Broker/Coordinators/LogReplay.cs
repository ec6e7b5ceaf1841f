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
    /// <summary><c>offsets.load.buffer.size</c>: how much is read at once.</summary>
    private const int ReadBytes = 5_242_880;

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

    /// <summary>Runs to the end of the log as it is now, or until nobody wants it any more.</summary>
    public IEnumerator<Ticket> Run(Func<bool> isWanted)
    {
        var next = _log.LogStartOffset;
        var end = _log.LogEndOffset;
        while (next < end && isWanted())
        {
            var bytes = ReadOnlyMemory<byte>.Empty;
            var reading = _log.Read(next, ReadBytes, found => bytes = found);
            while (reading.MoveNext())
            {
                yield return reading.Current;
            }

            var reached = isWanted() ? Replay(bytes.Span, next) : next;
            if (reached <= next)
            {
                yield break;
            }

            next = reached;
        }
    }

    /// <summary>
    /// Replays whole batches, skipping records below <paramref name="from"/>, and says where the next one begins.
    /// </summary>
    private Offset Replay(ReadOnlySpan<byte> bytes, Offset from)
    {
        var next = from;
        while (RecordBatches.TryRead(bytes, out var batch, out _))
        {
            ReplayBatch(batch, from);
            next = Offset.Max(next, new Offset(batch.NextOffset));
            bytes = bytes[batch.SizeInBytes..];
        }

        return next;
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
