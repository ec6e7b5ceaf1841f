using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// What one partition knows of all its idempotent and transactional producers: which batch would be a duplicate,
/// which
/// the next one, which comes from a zombie.
/// </summary>
/// <remarks>
/// A pure fold over the batches of the log: <see cref="Check"/> decides, <see cref="Update"/> folds, and recovery
/// folds the
/// same batches again. Entries are chained in the order of their last append, so that expiry looks only at the head.
///
/// The rule a reader would get wrong: a producer's age counts from the broker's clock when it appended (or when the
/// log
/// was recovered), not from its records' timestamps as in Kafka: a producer that writes history would lose its
/// protection against duplicates at once.
/// </remarks>
internal sealed class ProducerStates
{
    /// <summary>
    /// Bound: producers of one partition. Beyond it, the one that has been silent longest is forgotten.
    /// </summary>
    public const int MaxProducers = 100_000;

    private readonly Dictionary<long, ProducerEntry> _byId = [];

    /// <summary>A marker needs its record's bytes; recovery hands over headers alone.</summary>
    private const int MarkerEpochUnknown = -1;

    public int Count => _byId.Count;

    /// <summary>
    /// The producer that has been silent longest; the others follow by <see cref="ProducerEntry.Next"/>.
    /// </summary>
    public ProducerEntry? First { get; private set; }

    private ProducerEntry? Last { get; set; }

    public ProducerEntry? Find(long producerId) => _byId.GetValueOrDefault(producerId);

    /// <summary>
    /// Judges a client's batch that has a producer id. <paramref name="duplicate"/> is set, with no error, where it
    /// stands in the log already.
    /// </summary>
    public ErrorCode Check(in RecordBatchView batch, out ProducedBatch? duplicate)
    {
        duplicate = null;
        if (!_byId.TryGetValue(batch.ProducerId, out var entry))
        {
            return ErrorCode.None;
        }

        if (entry.TryFindDuplicate(batch, out var found))
        {
            duplicate = found;
            return ErrorCode.None;
        }

        if (batch.ProducerEpoch < entry.Epoch)
        {
            return ErrorCode.InvalidProducerEpoch;
        }

        return entry.IsNext(batch.ProducerEpoch, batch.BaseSequence)
            ? ErrorCode.None
            : ErrorCode.OutOfOrderSequenceNumber;
    }

    /// <summary>Folds a batch of the log. The whole batch has to be there only where it is a control batch.</summary>
    public void Update(in RecordBatchView batch, long nowMs)
    {
        if (!batch.HasProducerId)
        {
            return;
        }

        var entry = Touch(batch.ProducerId, batch.ProducerEpoch);
        entry.LastTimestampMs = nowMs;
        entry.Begin(batch.ProducerEpoch);
        if (batch.IsControl)
        {
            entry.TransactionStart = Offset.None;
            var epoch = MarkerEpoch(batch);
            entry.CoordinatorEpoch = epoch == MarkerEpochUnknown ? entry.CoordinatorEpoch : epoch;
            return;
        }

        entry.Add(new ProducedBatch(
            batch.BaseSequence,
            batch.LastSequence,
            new Offset(batch.BaseOffset),
            new Offset(batch.LastOffset),
            batch.MaxTimestamp));
        if (batch.IsTransactional && entry.TransactionStart == Offset.None)
        {
            entry.TransactionStart = new Offset(batch.BaseOffset);
        }
    }

    /// <summary>Takes over a producer from a snapshot.</summary>
    public void Restore(ProducerEntry entry)
    {
        if (_byId.TryAdd(entry.ProducerId, entry))
        {
            Append(entry);
        }
    }

    /// <summary>Forgets producers that have been silent too long and have no open transaction.</summary>
    public void Expire(long nowMs, long expirationMs)
    {
        var entry = First;
        while (entry is not null && nowMs - entry.LastTimestampMs >= expirationMs)
        {
            var next = entry.Next;
            if (entry.TransactionStart == Offset.None)
            {
                Remove(entry);
            }

            entry = next;
        }
    }

    public void Clear()
    {
        _byId.Clear();
        First = null;
        Last = null;
    }

    private static int MarkerEpoch(in RecordBatchView batch)
    {
        if (!batch.IsWhole)
        {
            return MarkerEpochUnknown;
        }

        var records = batch.Records;
        return records.MoveNext() && ControlRecords.TryReadEndTxnMarker(records.Current.Value, out var epoch)
            ? epoch
            : MarkerEpochUnknown;
    }

    private ProducerEntry Touch(long producerId, short epoch)
    {
        if (_byId.TryGetValue(producerId, out var entry))
        {
            Unlink(entry);
        }
        else
        {
            if (_byId.Count == MaxProducers)
            {
                ForgetSilent();
            }

            entry = new ProducerEntry(producerId, epoch);
            _byId.Add(producerId, entry);
        }

        Append(entry);
        return entry;
    }

    private void ForgetSilent()
    {
        var entry = First;
        while (entry is { } && entry.TransactionStart != Offset.None && entry.Next is not null)
        {
            entry = entry.Next;
        }

        Invariant.Check(entry is not null);
        Remove(entry);
    }

    private void Remove(ProducerEntry entry)
    {
        Unlink(entry);
        _byId.Remove(entry.ProducerId);
    }

    private void Append(ProducerEntry entry)
    {
        entry.Previous = Last;
        entry.Next = null;
        if (Last is null)
        {
            First = entry;
        }
        else
        {
            Last.Next = entry;
        }

        Last = entry;
    }

    private void Unlink(ProducerEntry entry)
    {
        if (entry.Previous is null)
        {
            First = entry.Next;
        }
        else
        {
            entry.Previous.Next = entry.Next;
        }

        if (entry.Next is null)
        {
            Last = entry.Previous;
        }
        else
        {
            entry.Next.Previous = entry.Previous;
        }

        entry.Previous = null;
        entry.Next = null;
    }
}
