using System;
using System.Collections.Generic;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// Producer ids, each given once: leased from the controller in blocks of a thousand, whose end is committed before
/// the
/// first is given. What a restart leaves of a block is never given at all.
/// </summary>
public sealed class ProducerIdBlocks
{
    /// <summary>Kafka's block.</summary>
    public const int BlockSize = 1000;

    private readonly Controller _controller;
    private readonly Queue<Action<long>> _waiting = new();
    private long _next;
    private long _end;
    private bool _isLeasing;

    public ProducerIdBlocks(Controller controller)
    {
        _controller = controller;
    }

    /// <summary>
    /// Gives an id, now or once a block is committed; -1 where none can be had at the moment, which is answered as a
    /// coordinator that loads.
    /// </summary>
    public void Take(Action<long> given)
    {
        if (_next < _end)
        {
            given(_next++);
            return;
        }

        _waiting.Enqueue(given);
        if (!_isLeasing)
        {
            Lease();
        }
    }

    private void Lease()
    {
        _isLeasing = true;
        if (!_controller.TrySubmit(Decide, Refuse))
        {
            Refuse();
        }
    }

    private void Refuse()
    {
        _isLeasing = false;
        while (_waiting.TryDequeue(out var given))
        {
            given(-1);
        }
    }

    private Decision Decide()
    {
        var view = _controller.View;
        var first = view.Image.NextProducerId;
        Invariant.Check(first <= long.MaxValue - BlockSize);
        var record = new ProducerIdsRecord
        {
            BrokerId = view.Self.Value,
            BrokerEpoch = view.Image.Cluster.Find(view.Self.Value)?.Epoch ?? -1,
            NextProducerId = first + BlockSize,
        };
        return new Decision([MetadataRecord.Of(record)], () => Leased(first));
    }

    private void Leased(long first)
    {
        _isLeasing = false;
        _next = first;
        _end = first + BlockSize;
        while (_next < _end && _waiting.TryDequeue(out var given))
        {
            given(_next++);
        }

        if (_waiting.Count > 0)
        {
            Lease();
        }
    }
}
