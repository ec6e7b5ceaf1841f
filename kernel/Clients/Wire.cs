using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Clients;

/// <summary>Who is told how a request ended.</summary>
public interface IAnswerTo
{
    /// <summary>The answer; <paramref name="token"/> is what the request was sent with.</summary>
    void Answered(IMessage response, short version, long token);

    /// <summary>
    /// The connection went away, or gave no answer in time: whether the broker acted on it is not known.
    /// </summary>
    void Lost(long token);
}

/// <summary>One connection to one broker: versions agreed on first, then requests and answers in order.</summary>
/// <remarks>
/// Inputs   Connected, Received, Closed, Tick
/// Effects  Dial, SendFrame, Hang
///
/// An answer belongs to the oldest request without one. A correlation id that says otherwise means the stream is
/// out of
/// step, and nothing more is believed of it.
/// </remarks>
public sealed class Wire
{
    private const short ApiVersionsVersion = 3;
    private readonly ClientOptions _options;
    private readonly ClientEffects _effects;
    private readonly Queue<Sent> _inFlight = new();
    private readonly Dictionary<short, (short Lowest, short Highest)> _versions = [];
    private int _nextCorrelation;

    internal Wire(ConnectionId id, string host, int port, ClientOptions options, ClientEffects effects)
    {
        Id = id;
        Host = host;
        Port = port;
        _options = options;
        _effects = effects;
        effects.Add(new Dial(id, host, port));
    }

    public ConnectionId Id { get; }

    public string Host { get; }

    public int Port { get; }

    /// <summary>Versions are agreed on: requests may be sent.</summary>
    public bool IsReady { get; private set; }

    public bool IsClosed { get; private set; }

    public int InFlight => _inFlight.Count;

    /// <summary>When the oldest request must have been answered.</summary>
    public Instant Deadline => _inFlight.TryPeek(out var oldest) ? oldest.Deadline : Instant.Never;

    /// <summary>
    /// The highest version both sides speak, at most <paramref name="atMost"/>; -1 where there is none.
    /// </summary>
    public short VersionOf(ApiKey key, short atMost = short.MaxValue)
    {
        if (!_versions.TryGetValue((short)key, out var theirs))
        {
            return -1;
        }

        var highest = Math.Min(Math.Min(theirs.Highest, ApiTable.Highest(key)), atMost);
        var lowest = Math.Max(theirs.Lowest, ApiTable.Lowest(key));
        return highest >= lowest ? highest : (short)-1;
    }

    /// <summary>Sends a request at a version that <see cref="VersionOf"/> gave.</summary>
    public void Send(ApiKey key, IMessage request, short version, Instant now, IAnswerTo? answerTo, long token = 0)
    {
        Invariant.Check(!IsClosed);
        var header = new RequestHeader(key, version, _nextCorrelation++, _options.ClientId);
        _effects.Add(new SendFrame(Id, Frames.Request(header, request)));
        if (answerTo is not null)
        {
            _inFlight.Enqueue(new Sent(header, answerTo, token, now + _options.RequestTimeout));
        }
    }

    internal void Connected(Instant now)
    {
        var request = new ApiVersionsRequest { ClientSoftwareName = "deterministic", ClientSoftwareVersion = "1.0" };
        Send(ApiKey.ApiVersions, request, ApiVersionsVersion, now, new VersionsAnswer(this));
    }

    internal void Received(Memory<byte> frame)
    {
        if (IsClosed)
        {
            return;
        }

        if (!_inFlight.TryPeek(out var sent)
            || Frames.ReadResponse(frame, sent.Header.ApiKey, sent.Header.ApiVersion, out var id) is not { } response
            || id != sent.Header.CorrelationId)
        {
            Close();
            return;
        }

        _inFlight.Dequeue();
        sent.AnswerTo.Answered(response, sent.Header.ApiVersion, sent.Token);
    }

    /// <summary>Gives the connection up and tells everybody who waited on it.</summary>
    internal void Close(bool isGone = false)
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        IsReady = false;
        if (!isGone)
        {
            _effects.Add(new Hang(Id));
        }

        while (_inFlight.TryDequeue(out var sent))
        {
            sent.AnswerTo.Lost(sent.Token);
        }
    }

    private void VersionsArrived(ApiVersionsResponse response)
    {
        foreach (var key in response.ApiKeys)
        {
            _versions[key.ApiKey] = (key.MinVersion, key.MaxVersion);
        }

        IsReady = response.ErrorCode == 0;
        if (!IsReady)
        {
            Close();
        }
    }

    private readonly record struct Sent(RequestHeader Header, IAnswerTo AnswerTo, long Token, Instant Deadline);

    private sealed class VersionsAnswer(Wire wire) : IAnswerTo
    {
        public void Answered(IMessage response, short version, long token) =>
            wire.VersionsArrived((ApiVersionsResponse)response);

        public void Lost(long token)
        {
        }
    }
}
