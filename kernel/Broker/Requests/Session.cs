using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Requests;

/// <summary>What a session calls when a request is whole and its turn has come.</summary>
public interface IRequestHandler
{
    void Handle(Exchange exchange);
}

/// <summary>One connection: frames in, answers out, in order.</summary>
/// <remarks>
/// Inputs   FrameReceived, Closed
/// Effects  Send, Close, Pause, Resume, Note
///
/// Requests of one connection are handled one at a time, as Kafka does: a client that pipelines CreateTopics and
/// Metadata
/// relies on the second seeing the first. The one exception is Produce behind Produce: both only append, in order,
/// so the
/// second may be appended while the first still waits for its flush; that is what lets one flush cover many of them.
/// </remarks>
public sealed class Session : IRequestOrigin
{
    /// <summary>Bound: Produce requests of one connection that may wait for durability at once.</summary>
    public const int MaxPipelinedRequests = 256;

    private readonly Effects _effects;
    private readonly StepClock _clock;
    private readonly IRequestHandler _handler;
    private readonly List<FrameGap> _gaps = [];
    private readonly Queue<Exchange> _open = new();
    private byte[]? _held;
    private bool _isPaused;
    private bool _isDispatching;

    internal Session(
        ConnectionId connection, int listener, string peer, Effects effects, StepClock clock, IRequestHandler handler)
    {
        _clock = clock;
        Connection = connection;
        Listener = listener;
        Peer = peer;
        _effects = effects;
        _handler = handler;
    }

    public ConnectionId Connection { get; }

    public int Listener { get; }

    /// <summary>The peer's address, without its port, as group descriptions show it.</summary>
    public string Peer { get; }

    public bool IsClosed { get; private set; }

    /// <summary>Requests of this connection that wait for their answers.</summary>
    public int Outstanding => _open.Count;

    /// <summary>The software a client said it is, by ApiVersions v3 and later (KIP-511).</summary>
    public string? ClientSoftware { get; set; }

    internal void FrameReceived(Memory<byte> frame)
    {
        if (IsClosed)
        {
            return;
        }

        if (_held is not null || !MayStart(frame.Span))
        {
            // The runtime was told to pause before this frame, or this frame makes it wait: one frame is kept, not
            // more.
            Invariant.Check(_held is null);
            _held = frame.ToArray();
            SetPaused(true);
            return;
        }

        Dispatch(frame);
        Settle();
    }

    /// <summary>The node does not serve yet; nothing is read until <see cref="Begin"/>.</summary>
    internal void HoldUntilReady() => SetPaused(true);

    internal void Begin() => SetPaused(false);

    internal void ConnectionClosed()
    {
        IsClosed = true;
        _held = null;
        _open.Clear();
    }

    public void CloseFor(string why)
    {
        if (IsClosed)
        {
            return;
        }

        _effects.Add(new Note(NoteKind.PeerAtFault, why, Connection.Value, 0));
        _effects.Add(new Close(Connection, why));
        ConnectionClosed();
    }

    /// <summary>
    /// Called by an exchange when it has its answer: sends what is first in line, and lets the next one start.
    /// </summary>
    public void ExchangeAnswered(Exchange exchange)
    {
        if (IsClosed || _isDispatching)
        {
            return;
        }

        Settle();
    }

    private void Settle()
    {
        SendAnswered();
        while (!IsClosed && _held is { } held && MayStart(held))
        {
            _held = null;
            Dispatch(held);
            SendAnswered();
        }

        if (!IsClosed)
        {
            SetPaused(_held is not null || !MayAcceptMore());
        }
    }

    private bool MayAcceptMore()
    {
        if (_open.Count == 0)
        {
            return true;
        }

        return _open.Count < MaxPipelinedRequests && _open.Peek().Header.ApiKey == ApiKey.Produce;
    }

    private bool MayStart(ReadOnlySpan<byte> frame)
    {
        if (_open.Count == 0)
        {
            return true;
        }

        var isProduce = frame.Length >= 2 && frame[0] == 0 && frame[1] == (byte)ApiKey.Produce;
        return isProduce && MayAcceptMore();
    }

    private void Dispatch(Memory<byte> frame)
    {
        var reader = new ProtocolReader(frame);
        var header = RequestHeader.Read(ref reader);
        if (reader.Failed)
        {
            CloseFor("malformed request header");
            return;
        }

        var exchange = new Exchange(this, header, frame, reader.Position, _clock.Now.Instant);
        _open.Enqueue(exchange);
        _isDispatching = true;
        _handler.Handle(exchange);
        _isDispatching = false;
        exchange.ReturnFrame();
    }

    private void SendAnswered()
    {
        while (!IsClosed && _open.TryPeek(out var first) && first.IsAnswered)
        {
            _open.Dequeue();
            if (!first.WrittenResponse.IsEmpty)
            {
                SendWritten(first.WrittenResponse);
            }
            else if (!first.HasNoResponse)
            {
                SendResponse(first, first.Response!);
            }

            var waited = _clock.Now.Instant - first.ArrivedAt;
            _effects.Add(new Note(NoteKind.Answered, null, waited.Microseconds, (long)first.Header.ApiKey));
        }
    }

    private void SendWritten(ReadOnlyMemory<byte> response)
    {
        var length = _effects.Take(sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(length.Span, response.Length);
        _effects.AddPart(length);
        _effects.AddPart(response);
        _effects.Send(Connection, 2);
    }

    private void SendResponse(Exchange exchange, IMessage response)
    {
        // A client of another age asked ApiVersions in a version nobody knows: the answer is in the oldest one.
        var header = exchange.Header.IsKnown ? exchange.Header : exchange.Header with { ApiVersion = 0 };
        var size = Frames.ResponseSize(header.ApiKey, header.ApiVersion, response);
        var memory = _effects.Take(size.InMemory);
        _gaps.Clear();
        Frames.WriteResponse(memory.Span, header, response, size, _gaps);
        var start = 0;
        var parts = 0;
        foreach (var gap in _gaps)
        {
            if (gap.AtOffset > start)
            {
                _effects.AddPart(memory[start..gap.AtOffset]);
                parts++;
            }

            _effects.AddPart(gap.Slice);
            parts++;
            start = gap.AtOffset;
        }

        if (start < memory.Length)
        {
            _effects.AddPart(memory[start..]);
            parts++;
        }

        _effects.Send(Connection, parts);
    }

    private void SetPaused(bool paused)
    {
        if (paused == _isPaused || IsClosed)
        {
            return;
        }

        _isPaused = paused;
        if (paused)
        {
            _effects.Add(new Pause(Connection));
        }
        else
        {
            _effects.Add(new Resume(Connection));
        }
    }
}
