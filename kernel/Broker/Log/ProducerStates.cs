using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>What one batch of a producer was, kept to recognise its repetition.</summary>
public readonly record struct ProducerBatchEntry(
    int BaseSequence, int LastSequence, Offset BaseOffset, Offset LastOffset, long TimestampMs);

/// <summary>What a log knows of one producer: its epoch and its last five batches, oldest first.</summary>
public sealed class ProducerEntry
{
    /// <summary>Bound: batches remembered, which is as many as an idempotent producer may have in flight.</summary>
    public const int MaxBatches = 5;

    private readonly ProducerBatchEntry[] _batches = new ProducerBatchEntry[MaxBatches];

    internal ProducerEntry(long producerId)
    {
        ProducerId = producerId;
    }

    public long ProducerId { get; }

    public short Epoch { get; internal set; } = -1;

    public int CoordinatorEpoch { get; internal set; } = -1;

    public int Count { get; private set; }

    public ProducerBatchEntry Last => _batches[Count - 1];

    public int LastSequence => Count == 0 ? -1 : Last.LastSequence;

    public long LastTimestampMs { get; internal set; }

    /// <summary>True where these very sequence numbers are among the last five batches.</summary>
    internal bool TryFindDuplicate(int baseSequence, int lastSequence, out ProducerBatchEntry duplicate)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_batches[i].BaseSequence == baseSequence && _batches[i].LastSequence == lastSequence)
            {
                duplicate = _batches[i];
                return true;
            }
        }

        duplicate = default;
        return false;
    }

    internal void Add(in ProducerBatchEntry batch)
    {
        if (Count == MaxBatches)
        {
            for (var i = 1; i < MaxBatches; i++)
            {
                _batches[i - 1] = _batches[i];
            }

            Count--;
        }

        _batches[Count++] = batch;
        LastTimestampMs = batch.TimestampMs;
    }

    internal void ForgetBatches() => Count = 0;
}

/// <summary>
/// The producers of one log (KIP-98): decides whether a batch is new, a repetition, or out of order. The state is a
/// fold of
/// the log's batches, so that it is the same after a restart as before it.
/// </summary>
public sealed class ProducerStates
{
    private readonly SortedDictionary<long, ProducerEntry> _producers = [];

    public int Count => _producers.Count;

    /// <summary>In the order of their ids, as snapshots have them.</summary>
    public IEnumerable<ProducerEntry> All => _producers.Values;

    /// <summary>
    /// None where the batch may be appended. A duplicate is None as well, with <paramref name="duplicate"/> filled:
    /// it is
    /// answered with the offsets it has had since its first time.
    /// </summary>
    public ErrorCode Check(in RecordBatchView batch, long nowMs, long expirationMs, out ProducerBatchEntry? duplicate)
    {
        duplicate = null;
        if (!_producers.TryGetValue(batch.ProducerId, out var known) || IsExpired(known, nowMs, expirationMs))
        {
            // Nothing is known of the producer, or not any more: any sequence may be the next one.
            return ErrorCode.None;
        }

        if (batch.ProducerEpoch < known.Epoch)
        {
            return ErrorCode.InvalidProducerEpoch;
        }

        if (batch.ProducerEpoch > known.Epoch)
        {
            return batch.BaseSequence == 0 ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber;
        }

        if (known.TryFindDuplicate(batch.BaseSequence, batch.LastSequence, out var found))
        {
            duplicate = found;
            return ErrorCode.None;
        }

        var isNext = known.Count == 0 || batch.BaseSequence == NextSequence(known.LastSequence);
        return isNext ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber;
    }

    /// <summary>The batch is in the log.</summary>
    public void Appended(in RecordBatchView batch)
    {
        if (!batch.HasProducerId || batch.IsControl)
        {
            return;
        }

        if (!_producers.TryGetValue(batch.ProducerId, out var producer))
        {
            producer = new ProducerEntry(batch.ProducerId);
            _producers.Add(batch.ProducerId, producer);
        }

        if (batch.ProducerEpoch > producer.Epoch)
        {
            producer.Epoch = batch.ProducerEpoch;
            producer.ForgetBatches();
        }

        producer.Add(new ProducerBatchEntry(
            batch.BaseSequence,
            batch.LastSequence,
            new Offset(batch.BaseOffset),
            new Offset(batch.LastOffset),
            batch.MaxTimestamp));
    }

    public void Load(ProducerEntry entry) => _producers[entry.ProducerId] = entry;

    public void Clear() => _producers.Clear();

    public void RemoveExpired(long nowMs, long expirationMs)
    {
        List<long>? expired = null;
        foreach (var (id, producer) in _producers)
        {
            if (IsExpired(producer, nowMs, expirationMs))
            {
                expired ??= [];
                expired.Add(id);
            }
        }

        if (expired is not null)
        {
            foreach (var id in expired)
            {
                _producers.Remove(id);
            }
        }
    }

    private static bool IsExpired(ProducerEntry producer, long nowMs, long expirationMs) =>
        nowMs - producer.LastTimestampMs >= expirationMs;

    /// <summary>Sequences wrap from Int32.MaxValue to 0.</summary>
    private static int NextSequence(int last) => last == int.MaxValue ? 0 : last + 1;
}
