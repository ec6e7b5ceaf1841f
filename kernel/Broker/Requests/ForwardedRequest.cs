using System;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Requests;

/// <summary>
/// A client's request that another broker passed on in an Envelope (KIP-590): handled like any other, and its answer is
/// handed back as bytes instead of being sent.
/// </summary>
public sealed class ForwardedRequest : IRequestOrigin
{
    private readonly Action<byte[]?> _whenAnswered;

    private ForwardedRequest(string peer, int listener, Action<byte[]?> whenAnswered)
    {
        Peer = peer;
        Listener = listener;
        _whenAnswered = whenAnswered;
    }

    public string Peer { get; }

    public int Listener { get; }

    public bool IsClosed { get; private set; }

    public int Outstanding => IsClosed ? 0 : 1;

    public string? ClientSoftware { get; set; }

    /// <summary>
    /// Begins to handle the request in <paramref name="bytes"/>, header included. <paramref name="whenAnswered"/> gets
    /// the response with its header, or null where the request was refused. False where the bytes are no request.
    /// </summary>
    public static bool TryHandle(
        Memory<byte> bytes,
        string peer,
        int listener,
        Instant now,
        IRequestHandler handler,
        Action<byte[]?> whenAnswered)
    {
        var reader = new ProtocolReader(bytes);
        var header = RequestHeader.Read(ref reader);
        if (reader.Failed)
        {
            return false;
        }

        var origin = new ForwardedRequest(peer, listener, whenAnswered);
        var exchange = new Exchange(origin, header, bytes, reader.Position, now);
        handler.Handle(exchange);
        exchange.ReturnFrame();
        return true;
    }

    public void ExchangeAnswered(Exchange exchange)
    {
        if (!IsClosed)
        {
            IsClosed = true;
            _whenAnswered(exchange.Response is { } response ? Write(exchange.Header, response) : null);
        }
    }

    public void CloseFor(string why)
    {
        if (!IsClosed)
        {
            IsClosed = true;
            _whenAnswered(null);
        }
    }

    private static byte[] Write(in RequestHeader header, IMessage response)
    {
        const int LengthBytes = sizeof(int);
        var size = Frames.ResponseSize(header.ApiKey, header.ApiVersion, response);
        var frame = new byte[size.InMemory];
        Frames.WriteResponse(frame, header, response, size, []);
        return frame[LengthBytes..];
    }
}
