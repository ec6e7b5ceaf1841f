using System;
using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Membership;

/// <summary>
/// Producer ids, each given once: leased from the controller in blocks (KIP-730), whose end is committed before the first is
/// given. What a restart leaves of a block is never given at all.
/// </summary>
public sealed class ProducerIdBlocks : IPeerAnswer
{
    private static readonly Duration RequestTimeout = Duration.FromSeconds(5);

    private readonly IControllerChannel _controller;
    private readonly BrokerId _self;
    private readonly Func<long> _brokerEpoch;
    private readonly Queue<Action<long>> _waiting = new();
    private long _next;
    private long _end;
    private bool _isLeasing;

    public ProducerIdBlocks(IControllerChannel controller, BrokerId self, Func<long> brokerEpoch)
    {
        _controller = controller;
        _self = self;
        _brokerEpoch = brokerEpoch;
    }

    /// <summary>
    /// Gives an id, now or once a block is leased; -1 where none can be had at the moment, which is answered as a
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

    public void Answered(IMessage response, long token)
    {
        var leased = (AllocateProducerIdsResponse)response;
        _isLeasing = false;
        if (leased.ErrorCode != (short)ErrorCode.None)
        {
            Refuse();
            return;
        }

        _next = leased.ProducerIdStart;
        _end = leased.ProducerIdStart + leased.ProducerIdLen;
        while (_next < _end && _waiting.TryDequeue(out var given))
        {
            given(_next++);
        }

        if (_waiting.Count > 0)
        {
            Lease();
        }
    }

    public void Failed(PeerFailure why, long token)
    {
        _isLeasing = false;
        Refuse();
    }

    private void Lease()
    {
        _isLeasing = true;
        var request = new AllocateProducerIdsRequest { BrokerId = _self.Value, BrokerEpoch = _brokerEpoch() };
        _controller.Ask(ApiKey.AllocateProducerIds, request, RequestTimeout, this);
    }

    private void Refuse()
    {
        while (_waiting.TryDequeue(out var given))
        {
            given(-1);
        }
    }
}
