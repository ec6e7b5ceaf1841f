using Deterministic.Protocol;

namespace Deterministic.Broker.Peers;

/// <summary>Why a request to a peer has no answer. Only Refused promises that the peer never saw it.</summary>
public enum PeerFailure : byte
{
    /// <summary>The connection broke after the request had been sent.</summary>
    Disconnected,

    /// <summary>No connection could be made, or too much waits for it already.</summary>
    Refused,

    /// <summary>No answer within the request's time-out.</summary>
    TimedOut,

    /// <summary>The peer answered with bytes that are no such response.</summary>
    Malformed,

    /// <summary>This node closed the channel.</summary>
    Closed,
}

/// <summary>Who is told how a request to a peer ended: one of the two, once, never from inside Send.</summary>
public interface IPeerAnswer
{
    /// <summary>
    /// The answer. What it points at (records) is lent for the step and may be changed in place.
    /// </summary>
    void Answered(IMessage response, long token);

    void Failed(PeerFailure why, long token);
}
