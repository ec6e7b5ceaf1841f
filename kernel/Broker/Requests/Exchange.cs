using System;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Requests;

/// <summary>
/// One request and what becomes of it. A handler answers in the step in which the request arrived or keeps the
/// exchange and
/// answers in a later one; the session sends answers in the order of the requests, whenever they came.
/// </summary>
public sealed class Exchange
{
    internal Exchange(
        IRequestOrigin origin, in RequestHeader header, Memory<byte> frame, int bodyStart, Instant arrivedAt)
    {
        Origin = origin;
        Header = header;
        Frame = frame;
        BodyStart = bodyStart;
        ArrivedAt = arrivedAt;
    }

    /// <summary>The connection it came over, or the node that passed it on.</summary>
    public IRequestOrigin Origin { get; }

    public RequestHeader Header { get; }

    public short Version => Header.ApiVersion;

    public Instant ArrivedAt { get; }

    /// <summary>True once the connection is gone. Answering is still allowed and does nothing.</summary>
    public bool IsAbandoned => Origin.IsClosed;

    public bool IsAnswered { get; private set; }

    /// <summary>The whole request frame. Lent: only valid in the step in which the request arrived.</summary>
    public Memory<byte> Frame { get; private set; }

    /// <summary>Where the request's body begins in <see cref="Frame"/>.</summary>
    public int BodyStart { get; }

    internal IMessage? Response { get; private set; }

    /// <summary>The answer where another node wrote it: header and body, without the length.</summary>
    internal ReadOnlyMemory<byte> WrittenResponse { get; private set; }

    /// <summary>True where the protocol wants no answer at all (Produce with acks=0).</summary>
    internal bool HasNoResponse { get; private set; }

    /// <summary>
    /// Reads the request's body. Where the bytes are no such request the connection is closed, as Kafka does, and
    /// false
    /// comes back: the exchange is over.
    /// </summary>
    public bool TryRead(IMessage request)
    {
        var reader = new ProtocolReader(Frame[BodyStart..]);
        request.Read(ref reader, Version);
        if (!reader.Failed)
        {
            return true;
        }

        Refuse("malformed request body");
        return false;
    }

    /// <summary>
    /// Answers. The message is written to the wire when all earlier requests of the connection are answered.
    /// </summary>
    public void Answer(IMessage response)
    {
        Invariant.Check(!IsAnswered);
        IsAnswered = true;
        Response = response;
        Origin.ExchangeAnswered(this);
    }

    /// <summary>
    /// Answers with what another node wrote for this very request, its response header included. The bytes are kept.
    /// </summary>
    public void AnswerWritten(byte[] headerAndBody)
    {
        Invariant.Check(!IsAnswered);
        IsAnswered = true;
        WrittenResponse = headerAndBody;
        Origin.ExchangeAnswered(this);
    }

    /// <summary>Ends the exchange without an answer, as Produce with acks=0 demands.</summary>
    public void AnswerNothing()
    {
        Invariant.Check(!IsAnswered);
        IsAnswered = true;
        HasNoResponse = true;
        Origin.ExchangeAnswered(this);
    }

    /// <summary>Closes the connection instead of answering.</summary>
    public void Refuse(string why)
    {
        Invariant.Check(!IsAnswered);
        IsAnswered = true;
        HasNoResponse = true;
        Origin.CloseFor(why);
    }

    /// <summary>
    /// The frame's bytes are lent for one step; whoever reads them later would read somebody else's request.
    /// </summary>
    internal void ReturnFrame() => Frame = default;
}
