using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Clients;

/// <summary>How one record ended.</summary>
public readonly record struct Delivery(long Token, string Topic, int Partition, long Offset, ErrorCode Error)
{
    public bool IsDelivered => Error == ErrorCode.None;
}

/// <summary>Settings of a producer, by Kafka's names and defaults.</summary>
public sealed record ProducerOptions : ClientOptions
{
    /// <summary><c>acks</c>: -1, 0 or 1.</summary>
    public short Acks { get; init; } = -1;

    /// <summary><c>enable.idempotence</c>.</summary>
    public bool IsIdempotent { get; init; } = true;

    /// <summary><c>batch.size</c>, in bytes of record data before compression.</summary>
    public int BatchBytes { get; init; } = 16 * 1024;

    /// <summary><c>max.in.flight.requests.per.connection</c>; at most 5 with idempotence.</summary>
    public int MaxInFlight { get; init; } = 5;

    /// <summary>Bound: records sent and not ended. One more is refused.</summary>
    public int MaxBufferedRecords { get; init; } = 100_000;

    /// <summary>The request's own time-out: how long the broker may wait for durability.</summary>
    public int AcknowledgeTimeoutMs { get; init; } = 30_000;
}

/// <summary>A producer as a pure machine: records in, requests out, deliveries back, in order, each once.</summary>
/// <remarks>
/// Inputs   Send, Step
/// Effects  those of <see cref="Cluster"/>
///
/// A batch keeps its sequence number for life. After an error nobody knows whether the broker has it, so it is sent
/// again as
/// it was, before anything that came after it: the broker tells a repetition by its sequence (KIP-98).
/// </remarks>
public sealed class ProducerMachine : IAnswerTo
{
    private const long InitToken = -1;
    private readonly ProducerOptions _options;
    private readonly Cluster _cluster;
    private readonly ClientEffects _effects;
    private readonly SortedDictionary<string, SortedDictionary<int, ProducerQueue>> _queues = new(StringComparer.Ordinal);
    private readonly Dictionary<long, List<(ProducerQueue Queue, ProducerBatch Batch)>> _requests = [];
    private readonly List<Delivery> _deliveries = [];
    private long _nextRequest;
    private int _buffered;
    private long _producerId = -1;
    private short _producerEpoch = -1;
    private bool _isInitializing;
    private bool _mustRenew;
    private Instant _initAgainAt;
    private Instant _now;

    public ProducerMachine(ProducerOptions options, ClientEffects effects)
    {
        _options = options;
        _effects = effects;
        _cluster = new Cluster(options, effects);
    }

    /// <summary>Records sent and not ended.</summary>
    public int Outstanding => _buffered;

    /// <summary>-1 until the broker gave one, and without idempotence.</summary>
    public long ProducerId => _producerId;

    public Cluster Cluster => _cluster;

    /// <summary>
    /// Records that ended in the last step, in the order of their ends; whoever reads them clears them.
    /// </summary>
    public List<Delivery> Deliveries => _deliveries;

    /// <summary>Takes a record; false where too many wait already. The token comes back with its delivery.</summary>
    public bool Send(
        string topic, int partition, long timestampMs, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, long token)
    {
        if (_buffered >= _options.MaxBufferedRecords)
        {
            return false;
        }

        _cluster.AddTopic(topic);
        if (!_queues.TryGetValue(topic, out var partitions))
        {
            partitions = [];
            _queues.Add(topic, partitions);
        }

        if (!partitions.TryGetValue(partition, out var queue))
        {
            queue = new ProducerQueue(topic, partition, _options.BatchBytes);
            partitions.Add(partition, queue);
        }

        queue.Add(new ProducerRecord(timestampMs, key, value, token));
        _buffered++;
        return true;
    }

    /// <summary>Takes one input, sends what may be sent, and asks for the next wake-up.</summary>
    public void Step(in Now now, in ClientInput input)
    {
        _now = now.Instant;
        _cluster.Step(now, input);
        if (HasIdentity())
        {
            SendReady();
        }

        var next = _cluster.NextDeadline();
        if (_buffered > 0)
        {
            next = Instant.Min(next, _now + _options.RetryBackoff);
        }

        _effects.Add(new WakeAt(next));
    }

    public void Answered(IMessage response, short version, long token)
    {
        if (token == InitToken)
        {
            var answer = (InitProducerIdResponse)response;
            _isInitializing = false;
            _initAgainAt = _now + _options.RetryBackoff;
            if (answer.ErrorCode == 0)
            {
                _producerId = answer.ProducerId;
                _producerEpoch = answer.ProducerEpoch;
            }

            return;
        }

        _requests.Remove(token, out var batches);
        foreach (var topic in ((ProduceResponse)response).Responses)
        {
            foreach (var partition in topic.PartitionResponses)
            {
                Settle(batches!, topic.Name, partition);
            }
        }

        // What the broker did not mention is not known to have happened.
        foreach (var (queue, batch) in batches!)
        {
            queue.SendAgain(batch, _now + _options.RetryBackoff);
        }
    }

    public void Lost(long token)
    {
        if (token == InitToken)
        {
            _isInitializing = false;
            return;
        }

        _requests.Remove(token, out var batches);
        foreach (var (queue, batch) in batches!)
        {
            queue.SendAgain(batch, _now + _options.RetryBackoff);
        }
    }

    private bool HasIdentity()
    {
        if (_mustRenew)
        {
            RenewIfSettled();
        }

        if (!_options.IsIdempotent || _producerId >= 0)
        {
            return true;
        }

        if (!_isInitializing && _now >= _initAgainAt && _cluster.Any(_now) is { } wire)
        {
            _isInitializing = true;
            var request = new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 };
            wire.Send(ApiKey.InitProducerId, request, wire.VersionOf(ApiKey.InitProducerId, 4), _now, this, InitToken);
        }

        return false;
    }

    private void SendReady()
    {
        foreach (var (topic, partitions) in _queues)
        {
            foreach (var (partition, queue) in partitions)
            {
                if (!queue.HasReady(_now, _mustRenew) || _cluster.Leader(topic, partition, _now) is not { } wire)
                {
                    continue;
                }

                while (wire.InFlight < _options.MaxInFlight && queue.HasReady(_now, _mustRenew))
                {
                    SendOne(wire, queue);
                }
            }
        }
    }

    private void SendOne(Wire wire, ProducerQueue queue)
    {
        // Version 12: topics by name, which is all this client knows.
        var version = wire.VersionOf(ApiKey.Produce, 12);
        var batch = queue.Take(_producerId, _producerEpoch, _mustRenew);
        var request = new ProduceRequest { Acks = _options.Acks, TimeoutMs = _options.AcknowledgeTimeoutMs };
        var topic = new ProduceRequest.TopicProduceData { Name = queue.Topic };
        topic.PartitionData.Add(new ProduceRequest.PartitionProduceData
        {
            Index = queue.Partition,
            Records = new Records(batch.Bytes),
        });
        request.TopicData.Add(topic);
        if (_options.Acks == 0)
        {
            wire.Send(ApiKey.Produce, request, version, _now, null);
            queue.Finish(batch);
            End(queue, batch, -1, ErrorCode.None);
            return;
        }

        var token = _nextRequest++;
        _requests.Add(token, [(queue, batch)]);
        wire.Send(ApiKey.Produce, request, version, _now, this, token);
    }

    private void Settle(
        List<(ProducerQueue Queue, ProducerBatch Batch)> batches,
        string topic,
        ProduceResponse.PartitionProduceResponse answer)
    {
        for (var i = 0; i < batches.Count; i++)
        {
            var (queue, batch) = batches[i];
            if (queue.Partition != answer.Index || queue.Topic != topic)
            {
                continue;
            }

            batches.RemoveAt(i);
            var error = (ErrorCode)answer.ErrorCode;
            if (error == ErrorCode.None)
            {
                queue.Finish(batch);
                End(queue, batch, answer.BaseOffset, error);
            }
            else if (error == ErrorCode.OutOfOrderSequenceNumber && _mustRenew && !batch.IsUncertain)
            {
                queue.Refused(batch);
            }
            else if (Errors.IsRetriable(error) || (error == ErrorCode.OutOfOrderSequenceNumber && !queue.IsFirst(batch)))
            {
                _cluster.Refresh(_now);
                queue.SendAgain(batch, _now + _options.RetryBackoff);
            }
            else
            {
                Fail(queue, batch, error);
            }

            return;
        }
    }

    /// <summary>
    /// The batch will never be in the log under its sequence, so no later one can follow it: the producer needs another id,
    /// and what waits gets new sequences. Not yet: a batch that was sent and never answered may be in the log, and only
    /// under its old sequence does the broker recognise it.
    /// </summary>
    private void Fail(ProducerQueue queue, ProducerBatch batch, ErrorCode error)
    {
        queue.Finish(batch);
        End(queue, batch, -1, error);
        _mustRenew |= _options.IsIdempotent;
    }

    /// <summary>Takes another id once the fate of every batch sent under the old one is known.</summary>
    private void RenewIfSettled()
    {
        foreach (var (_, partitions) in _queues)
        {
            foreach (var (_, queue) in partitions)
            {
                if (!queue.IsSettled)
                {
                    return;
                }
            }
        }

        _mustRenew = false;
        _producerId = -1;
        foreach (var (_, partitions) in _queues)
        {
            foreach (var (_, queue) in partitions)
            {
                queue.ForgetSequences();
            }
        }
    }

    private void End(ProducerQueue queue, ProducerBatch batch, long baseOffset, ErrorCode error)
    {
        for (var i = 0; i < batch.Records.Count; i++)
        {
            var offset = baseOffset < 0 ? -1 : baseOffset + i;
            _deliveries.Add(new Delivery(batch.Records[i].Token, queue.Topic, queue.Partition, offset, error));
            _buffered--;
        }
    }
}
