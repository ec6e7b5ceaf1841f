using System;
using System.Buffers.Binary;
using System.IO;
using System.Net.Sockets;
using Deterministic.Protocol;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>How a request ended: with a response, or with what happened instead of one.</summary>
/// <param name="Response">The response, or null where there was none to read.</param>
/// <param name="Instead">"" with a response; else "closed", "silent", "late" or "unreadable ...".</param>
public sealed record Answer(IMessage? Response, string Instead)
{
    public static readonly Answer Closed = new(null, "closed");

    public static readonly Answer Silent = new(null, "silent");

    public static readonly Answer Late = new(null, "late");
}

/// <summary>
/// One TCP connection that sends a request and waits for its answer; connects again after it was closed.
/// </summary>
/// <remarks>A request that has no response (Produce with acks=0) is answered "silent" once the connection has proved to
/// be still open by answering an ApiVersions request.</remarks>
public sealed class Wire(string host, int port, TimeSpan patience) : IDisposable
{
    private const string ClientId = "differential";
    private TcpClient? _client;
    private int _correlationId;

    public Answer Ask(IRequest request, short version, bool isAnswered = true)
    {
        Send(request, version);
        return isAnswered ? Receive(request.ApiKey, version) : ReceiveNothing();
    }

    /// <summary>Sends without waiting; <see cref="Receive"/> must follow.</summary>
    public void Send(IRequest request, short version) =>
        SendBytes(Frames.Request(new RequestHeader(request.ApiKey, version, ++_correlationId, ClientId), request));

    /// <summary>Sends any bytes as they are.</summary>
    public void SendBytes(ReadOnlySpan<byte> frame)
    {
        _client ??= new TcpClient(host, port)
        {
            NoDelay = true,
            ReceiveTimeout = (int)patience.TotalMilliseconds,
        };
        _client.GetStream().Write(frame);
    }

    /// <summary>Whether an answer, or the connection's end, can be read at once.</summary>
    public bool HasAnswer => _client is { } client && client.Client.Poll(0, SelectMode.SelectRead);

    public Answer Receive(ApiKey key, short version)
    {
        if (ReadFrame(out var instead) is not { } frame)
        {
            return instead;
        }

        var response = Frames.ReadResponse(frame, key, version, out var correlationId);
        if (response is null && key == ApiKey.ApiVersions)
        {
            // A broker that does not know the version asked for answers in version 0.
            response = Frames.ReadResponse(frame, key, 0, out correlationId);
        }

        return response is null || correlationId != _correlationId
            ? new Answer(null, FormattableString.Invariant($"unreadable ({frame.Length} bytes)"))
            : new Answer(response, "");
    }

    /// <summary>
    /// For a damaged request, of which nothing is known but that it was answered with some bytes, or not.
    /// </summary>
    public Answer ReceiveAny() => ReadFrame(out var instead) is { } frame
        ? new Answer(null, FormattableString.Invariant($"{frame.Length} bytes"))
        : instead;

    public void Dispose() => _client?.Dispose();

    private Answer ReceiveNothing()
    {
        try
        {
            Send(new Deterministic.Protocol.Messages.ApiVersionsRequest(), 0);
        }
        catch (IOException)
        {
            Close();
            return Answer.Closed;
        }

        return Receive(ApiKey.ApiVersions, 0).Response is null ? Answer.Closed : Answer.Silent;
    }

    private byte[]? ReadFrame(out Answer instead)
    {
        try
        {
            instead = Answer.Closed;
            var length = new byte[4];
            var stream = _client!.GetStream();
            stream.ReadExactly(length);
            var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
            stream.ReadExactly(frame);
            return frame;
        }
        catch (IOException ended)
        {
            Close();
            var isLate = ended.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut };
            instead = isLate ? Answer.Late : Answer.Closed;
            return null;
        }
    }

    private void Close()
    {
        _client?.Dispose();
        _client = null;
    }
}
