using System;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Membership;

/// <summary>What this node knows of the active controller.</summary>
public interface IActiveController
{
    /// <summary>This node is it.</summary>
    bool IsSelf { get; }

    /// <summary>Where it listens for brokers; null while nobody is known to be it.</summary>
    PeerAddress? Address { get; }

    /// <summary>Handles a request on this node, which is it; the answer may come at once or in a later step.</summary>
    void Handle(ApiKey key, IMessage request, Action<IMessage> answer);
}

/// <summary>The way to the active controller, wherever it is, this node included; follows it when it moves.</summary>
public interface IControllerChannel
{
    /// <summary>
    /// Asks until there is an answer other than NOT_CONTROLLER, or the time-out is over. A request may therefore be
    /// carried out twice: only such may be asked as epochs protect from that. The message is kept: it may point at no
    /// lent memory.
    /// </summary>
    void Ask(ApiKey key, IMessage request, Duration timeout, IPeerAnswer answer, long token = 0);
}
