using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Clients;

/// <summary>One record on its way.</summary>
public readonly record struct ProducerRecord(
    long TimestampMs, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, long Token);

/// <summary>Records that travel together under one sequence.</summary>
public sealed class ProducerBatch
{
    internal List<ProducerRecord> Records { get; } = [];

    /// <summary>Encoded once, at the first sending: a repetition must be the same bytes.</summary>
    internal byte[]? Encoded { get; set; }

    /// <summary>-1 until the batch is first sent, and without idempotence.</summary>
    internal int BaseSequence { get; set; } = -1;

    /// <summary>It was sent and not answered, or answered without saying whether it is in the log.</summary>
    internal bool IsUncertain { get; set; }

    internal byte[] Bytes => Encoded!;

    internal int DataBytes { get; set; }
}

/// <summary>
/// What waits for one partition, in order: batches in flight first, then batches to send. Order is the whole point:
/// a batch
/// that must be sent again goes before everything that came after it.
/// </summary>
public sealed class ProducerQueue
{
    private readonly int _batchBytes;
    private readonly RecordBatchBuilder _builder;
    private readonly LinkedList<ProducerBatch> _waiting = new();
    private readonly List<ProducerBatch> _inFlight = [];
    private int _nextSequence;
    private Instant _notBefore = Instant.Zero;

    internal ProducerQueue(string topic, int partition, int batchBytes)
    {
        Topic = topic;
        Partition = partition;
        _batchBytes = batchBytes;
        _builder = new RecordBatchBuilder(int.MaxValue / 2);
    }

    public string Topic { get; }

    public int Partition { get; }

    internal void Add(in ProducerRecord record)
    {
        var bytes = record.Key.Length + record.Value.Length;
        var last = _waiting.Last?.Value;
        if (last is null || last.Encoded is not null || last.DataBytes + bytes > _batchBytes)
        {
            last = new ProducerBatch();
            _waiting.AddLast(last);
        }

        last.Records.Add(record);
        last.DataBytes += bytes;
    }

    /// <summary>Nothing sent under the present sequences is without an end.</summary>
    internal bool IsSettled => _inFlight.Count == 0 && FirstUncertain is null;

    /// <summary>A batch may be sent; only repetitions where <paramref name="onlyUncertain"/> says so.</summary>
    internal bool HasReady(Instant now, bool onlyUncertain) =>
        now >= _notBefore && (onlyUncertain ? FirstUncertain : _waiting.First) is not null;

    /// <summary>The next batch to send, now in flight.</summary>
    internal ProducerBatch Take(long producerId, short producerEpoch, bool onlyUncertain)
    {
        var next = (onlyUncertain ? FirstUncertain : _waiting.First)!;
        var batch = next.Value;
        _waiting.Remove(next);
        if (batch.Encoded is null)
        {
            if (producerId >= 0)
            {
                batch.BaseSequence = _nextSequence;
                _nextSequence = (int)(((long)_nextSequence + batch.Records.Count) & int.MaxValue);
            }

            batch.Encoded = Encode(batch, producerId, producerEpoch);
        }

        _inFlight.Add(batch);
        return batch;
    }

    /// <summary>True where nothing older of this partition is still without an end.</summary>
    internal bool IsFirst(ProducerBatch batch) => _inFlight.Count > 0 && ReferenceEquals(_inFlight[0], batch);

    internal void Finish(ProducerBatch batch) => _inFlight.Remove(batch);

    /// <summary>Puts the batch back where its sequence belongs.</summary>
    internal void SendAgain(ProducerBatch batch, Instant notBefore)
    {
        if (!_inFlight.Remove(batch))
        {
            return;
        }

        _notBefore = notBefore;
        batch.IsUncertain = true;
        PutBack(batch);
    }

    /// <summary>The broker said that the batch is not in the log: it goes again under another sequence.</summary>
    internal void Refused(ProducerBatch batch)
    {
        if (_inFlight.Remove(batch))
        {
            PutBack(batch);
        }
    }

    private void PutBack(ProducerBatch batch)
    {
        var after = _waiting.First;
        while (after is not null && after.Value.Encoded is not null && IsOlder(after.Value, batch))
        {
            after = after.Next;
        }

        if (after is null)
        {
            _waiting.AddLast(batch);
        }
        else
        {
            _waiting.AddBefore(after, batch);
        }
    }

    /// <summary>The producer has a new id: what was never answered is sent again under it, from sequence 0.</summary>
    internal void ForgetSequences()
    {
        _nextSequence = 0;
        foreach (var batch in _waiting)
        {
            Invariant.Check(!batch.IsUncertain);
            batch.Encoded = null;
            batch.BaseSequence = -1;
        }
    }

    /// <summary>Batches that were refused may stand before it. What was never sent stands behind all that was.</summary>
    private LinkedListNode<ProducerBatch>? FirstUncertain
    {
        get
        {
            var node = _waiting.First;
            while (node is { Value: { Encoded: not null, IsUncertain: false } })
            {
                node = node.Next;
            }

            return node is { Value.IsUncertain: true } ? node : null;
        }
    }

    /// <summary>By sequence, which wraps: the distance, not the value, tells which came first.</summary>
    private static bool IsOlder(ProducerBatch one, ProducerBatch other) =>
        one.BaseSequence >= 0 && other.BaseSequence >= 0
        && ((other.BaseSequence - one.BaseSequence) & int.MaxValue) < int.MaxValue / 2;

    private byte[] Encode(ProducerBatch batch, long producerId, short producerEpoch)
    {
        _builder.Begin(new BatchOptions
        {
            ProducerId = producerId,
            ProducerEpoch = producerId >= 0 ? producerEpoch : (short)-1,
            BaseSequence = batch.BaseSequence,
        });
        foreach (var record in batch.Records)
        {
            var wasAppended = _builder.TryAppend(
                record.TimestampMs, new NullableBytes(record.Key.Span), new NullableBytes(record.Value.Span));
            Invariant.Check(wasAppended);
        }

        return _builder.Build().ToArray();
    }
}
