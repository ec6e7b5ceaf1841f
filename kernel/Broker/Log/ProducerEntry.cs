using System;
using System.Runtime.CompilerServices;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// What is remembered of one batch of an idempotent producer. Its greatest timestamp is exact in memory; a snapshot has no room
/// for it and gives the time of the append instead, which is the same where the broker stamps.
/// </summary>
internal readonly record struct ProducedBatch(
    int BaseSequence, int LastSequence, Offset BaseOffset, Offset LastOffset, long MaxTimestampMs);

/// <summary>
/// What one partition knows of one producer id: its epoch, its last five batches, its open transaction (KIP-98).
/// </summary>
internal sealed class ProducerEntry
{
    /// <summary>A producer has at most five requests under way; a retry is of one of these.</summary>
    public const int MaxBatches = 5;

    private BatchRing _batches;
    private int _newest;

    public ProducerEntry(long producerId, short epoch)
    {
        ProducerId = producerId;
        Epoch = epoch;
    }

    public long ProducerId { get; }

    public short Epoch { get; private set; }

    public int BatchCount { get; private set; }

    /// <summary>When it last appended, by the broker's wall clock.</summary>
    public long LastTimestampMs { get; set; }

    /// <summary>The epoch of the transaction coordinator that wrote the last marker; -1 before one.</summary>
    public int CoordinatorEpoch { get; set; } = -1;

    /// <summary>The first offset of the open transaction, or none.</summary>
    public Offset TransactionStart { get; set; } = Offset.None;

    /// <summary>Neighbours in the order of last appends; kept by <see cref="ProducerStates"/>.</summary>
    public ProducerEntry? Previous { get; set; }

    public ProducerEntry? Next { get; set; }

    /// <summary>The last batch; one without sequences where only the epoch is known.</summary>
    public ProducedBatch Newest => BatchCount == 0
        ? new ProducedBatch(
            RecordBatchLayout.NoSequence, RecordBatchLayout.NoSequence, Offset.None, Offset.None, RecordBatchLayout.NoTimestamp)
        : _batches[_newest];

    /// <summary>The remembered batches, 0 the oldest.</summary>
    public ProducedBatch Remembered(int index) =>
        _batches[(_newest + MaxBatches - BatchCount + 1 + index) % MaxBatches];

    /// <summary>The remembered batch of the same epoch with exactly these sequences.</summary>
    public bool TryFindDuplicate(in RecordBatchView batch, out ProducedBatch duplicate)
    {
        duplicate = default;
        if (batch.ProducerEpoch != Epoch)
        {
            return false;
        }

        for (var i = 0; i < BatchCount; i++)
        {
            if (_batches[i].BaseSequence == batch.BaseSequence && _batches[i].LastSequence == batch.LastSequence)
            {
                duplicate = _batches[i];
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether the batch continues what this producer wrote, of the same epoch or, from 0 on, of a new one.
    /// </summary>
    public bool IsNext(short epoch, int baseSequence)
    {
        if (epoch != Epoch)
        {
            return baseSequence == 0;
        }

        var last = Newest.LastSequence;
        return baseSequence == last + 1L || (baseSequence == 0 && last == int.MaxValue);
    }

    /// <summary>A new epoch forgets the batches of the old one.</summary>
    public void Begin(short epoch)
    {
        if (epoch != Epoch)
        {
            Epoch = epoch;
            BatchCount = 0;
            _newest = 0;
        }
    }

    public void Add(in ProducedBatch batch)
    {
        _newest = BatchCount == 0 ? 0 : (_newest + 1) % MaxBatches;
        _batches[_newest] = batch;
        BatchCount = Math.Min(BatchCount + 1, MaxBatches);
    }

    [InlineArray(MaxBatches)]
    private struct BatchRing
    {
        private ProducedBatch _first;
    }
}
