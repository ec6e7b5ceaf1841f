using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Peers;

/// <summary>One connection to one peer for one purpose: requests leave in order and are answered in order.</summary>
/// <remarks>
/// Inputs   Send, Connected, Received, Disconnected, timer
/// Effects  Dial, Send, Close
///
/// Idle    -> Dialling  something is to be sent and the backoff is over
/// Dialling -> Up       Connected
/// Dialling -> Idle     Disconnected: everything waiting fails with Refused, the backoff doubles
/// Up      -> Idle      Disconnected, a time-out, or bytes that are no answer: everything sent fails
///
/// Nothing is tried twice here: whoever sent knows whether a request may be repeated. An answer that comes late would be
/// taken for the next request's, so a time-out gives the connection up, as Kafka's clients do.
/// </remarks>
public sealed class PeerChannel : ITimed
{
    /// <summary>Bound: requests of one channel without an answer; one more is refused.</summary>
    public const int MaxInFlight = 64;

    private static readonly Duration ShortestBackoff = Duration.FromMilliseconds(20);
    private static readonly Duration LongestBackoff = Duration.FromMilliseconds(500);

    private readonly PeerTable _table;
    private readonly string _purpose;
    private readonly Queue<Pending> _waiting = new();
    private readonly Queue<Pending> _sent = new();
    private readonly Queue<(Pending Pending, PeerFailure Why)> _failed = new();
    private ConnectionId _connection;
    private ChannelState _state;
    private Duration _backoff = ShortestBackoff;
    private Instant _dialAgainAt = Instant.Zero;
    private TimerHandle? _timer;
    private int _nextCorrelation;
    private bool _isClosed;

    internal PeerChannel(PeerTable table, PeerAddress address, string purpose)
    {
        _table = table;
        _purpose = purpose;
        Address = address;
    }

    private enum ChannelState : byte
    {
        Idle,
        Dialling,
        Up,
    }

    public PeerAddress Address { get; }

    /// <summary>Told when a connection that was up breaks, whether a request was on its way or not.</summary>
    public Action? WhenLost { get; set; }

    public bool IsConnected => _state == ChannelState.Up;

    /// <summary>Requests without an answer, sent or not.</summary>
    public int InFlight => _waiting.Count + _sent.Count;

    /// <summary>
    /// Sends a request at the highest version of this release that is stable, or fails in a later step.
    /// </summary>
    public void Send(ApiKey key, IMessage request, Duration timeout, IPeerAnswer answer, long token = 0) =>
        Send(key, ApiTable.Highest(key), request, timeout, answer, token);

    /// <summary>Sends a request, as soon as there is a connection, or fails in a later step.</summary>
    public void Send(
        ApiKey key, short version, IMessage request, Duration timeout, IPeerAnswer answer, long token = 0)
    {
        var header = new RequestHeader(key, version, _nextCorrelation++, _table.ClientId);
        var pending = new Pending(header, answer, token, _table.Now + timeout);
        if (_isClosed || InFlight >= MaxInFlight)
        {
            FailLater(pending, _isClosed ? PeerFailure.Closed : PeerFailure.Refused);
            return;
        }

        // Written now, though it may leave later: what the message points at is not ours to keep.
        var frame = Frames.Request(header, request);
        if (_state == ChannelState.Up)
        {
            SendFrame(pending, frame);
        }
        else
        {
            _waiting.Enqueue(pending with { Frame = frame });
            DialIfDue();
        }

        SetTimer();
    }

    /// <summary>Gives the connection up; what has no answer yet fails with Closed, in a later step.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            GiveUp(PeerFailure.Closed, PeerFailure.Closed);
        }
    }

    public void TimerFired(in Now now, long token)
    {
        _timer = null;
        TellFailed();
        if (NextTimeout() <= now.Instant)
        {
            GiveUp(PeerFailure.TimedOut, PeerFailure.TimedOut);
            TellFailed();
        }

        DialIfDue();
        SetTimer();
    }

    public override string ToString() => _purpose + " to " + Address;

    internal void Connected()
    {
        _state = ChannelState.Up;
        _backoff = ShortestBackoff;
        while (_waiting.TryDequeue(out var pending))
        {
            SendFrame(pending, pending.Frame!);
        }

        SetTimer();
    }

    internal void Received(Memory<byte> frame)
    {
        if (!_sent.TryPeek(out var pending)
            || Frames.ReadResponse(frame, pending.Header.ApiKey, pending.Header.ApiVersion, out var id) is not { } response
            || id != pending.Header.CorrelationId)
        {
            GiveUp(PeerFailure.Malformed, PeerFailure.Malformed);
            TellFailed();
            SetTimer();
            return;
        }

        _sent.Dequeue();
        pending.Answer.Answered(response, pending.Token);
        SetTimer();
    }

    internal void Disconnected()
    {
        _dialAgainAt = _table.Now + _backoff;
        _backoff = _backoff + _backoff < LongestBackoff ? _backoff + _backoff : LongestBackoff;
        var wasUp = _state == ChannelState.Up;
        _state = ChannelState.Idle;
        FailAll(PeerFailure.Disconnected, PeerFailure.Refused);
        TellFailed();
        SetTimer();
        if (wasUp)
        {
            WhenLost?.Invoke();
        }
    }

    private void DialIfDue()
    {
        if (_state == ChannelState.Idle && _waiting.Count > 0 && _table.Now >= _dialAgainAt)
        {
            _state = ChannelState.Dialling;
            _connection = _table.Dial(this);
        }
    }

    private void SendFrame(in Pending pending, byte[] frame)
    {
        _sent.Enqueue(pending with { Frame = null });
        _table.Send(_connection, frame);
    }

    /// <summary>This end has had enough of the connection; the runtime's Closed for it finds nobody.</summary>
    private void GiveUp(PeerFailure sent, PeerFailure waiting)
    {
        if (_state != ChannelState.Idle)
        {
            _state = ChannelState.Idle;
            _dialAgainAt = _table.Now + _backoff;
            _table.HangUp(_connection, ToString());
        }

        FailAll(sent, waiting);
    }

    private void FailAll(PeerFailure sent, PeerFailure waiting)
    {
        while (_sent.TryDequeue(out var pending))
        {
            FailLater(pending, sent);
        }

        while (_waiting.TryDequeue(out var pending))
        {
            FailLater(pending, waiting);
        }
    }

    private void FailLater(in Pending pending, PeerFailure why)
    {
        _failed.Enqueue((pending, why));
        SetTimer();
    }

    private void TellFailed()
    {
        // Whoever is told may send again, and that may fail again: those are for the next turn.
        for (var count = _failed.Count; count > 0; count--)
        {
            var (pending, why) = _failed.Dequeue();
            pending.Answer.Failed(why, pending.Token);
        }
    }

    /// <summary>The first moment at which a request has waited too long; time-outs differ, so all are looked at.</summary>
    private Instant NextTimeout()
    {
        var next = Instant.Never;
        foreach (var pending in _sent)
        {
            next = Instant.Min(next, pending.Deadline);
        }

        foreach (var pending in _waiting)
        {
            next = Instant.Min(next, pending.Deadline);
        }

        return next;
    }

    private void SetTimer()
    {
        var next = _failed.Count > 0 ? _table.Now : NextTimeout();
        if (_state == ChannelState.Idle && _waiting.Count > 0)
        {
            next = Instant.Min(next, _dialAgainAt);
        }

        if (_timer is { IsPending: true } timer && timer.Deadline == next)
        {
            return;
        }

        _table.Timers.Cancel(_timer);
        _timer = next == Instant.Never ? null : _table.Timers.Set(next, this);
    }

    private readonly record struct Pending(RequestHeader Header, IPeerAnswer Answer, long Token, Instant Deadline)
    {
        /// <summary>Only until it is sent.</summary>
        public byte[]? Frame { get; init; }
    }
}
