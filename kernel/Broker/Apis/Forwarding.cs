using System;
using System.Globalization;
using Deterministic.Broker.Peers;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// Passes on to the active controller what only it may decide, whichever broker the client asked (KIP-590).
/// </summary>
/// <remarks>
/// The controller's answer is handed to the client byte for byte. Where no controller can be reached in time the connection is
/// closed: whether the request was carried out is not known, and any answer could be wrong.
/// </remarks>
internal static class Forwarding
{
    /// <summary>How long a request looks for a controller.</summary>
    private static readonly Duration Timeout = Duration.FromSeconds(30);

    /// <summary>
    /// The principal of a client that nobody has authenticated, as Kafka's controllers read it: version 0, type, name, and
    /// whether it came by a delegation token.
    /// </summary>
    private static readonly byte[] Anonymous = "\0\0\u0005User\u000AANONYMOUS\0\0"u8.ToArray();

    /// <summary>True for requests of clients that this node may not decide.</summary>
    public static bool IsMeant(Broker broker, Exchange exchange) =>
        !broker.Controller.IsActive
        && IsForwarded(exchange.Header.ApiKey)
        && exchange.Origin is Session
        && !broker.Options.Listeners[exchange.Origin.Listener].IsController;

    public static void Forward(Broker broker, Exchange exchange)
    {
        var envelope = new EnvelopeRequest
        {
            RequestData = exchange.Frame.ToArray(),
            RequestPrincipal = (ReadOnlyMemory<byte>?)Anonymous,
            ClientHostAddress = AddressOf(exchange.Origin.Peer),
        };
        broker.Links.Forwarding.Ask(ApiKey.Envelope, envelope, Timeout, new Answer(exchange));
    }

    /// <summary>Asks for a topic on behalf of this broker itself.</summary>
    public static void CreateTopic(Broker broker, CreateTopicsRequest.CreatableTopic topic, Action whenDone)
    {
        const short Version = 7;
        const int LengthBytes = sizeof(int);
        var header = new RequestHeader(ApiKey.CreateTopics, Version, 0, broker.Peers.ClientId);
        var request = new CreateTopicsRequest { Topics = [topic], TimeoutMs = (int)Timeout.Milliseconds };
        var envelope = new EnvelopeRequest
        {
            RequestData = Frames.Request(header, request).AsMemory(LengthBytes),
            RequestPrincipal = (ReadOnlyMemory<byte>?)Anonymous,
            ClientHostAddress = AddressOf(""),
        };
        broker.Links.Forwarding.Ask(ApiKey.Envelope, envelope, Timeout, new End(whenDone));
    }

    private static bool IsForwarded(ApiKey key) => key is
        ApiKey.CreateTopics or ApiKey.DeleteTopics or ApiKey.CreatePartitions
        or ApiKey.AlterConfigs or ApiKey.IncrementalAlterConfigs
        or ApiKey.ElectLeaders or ApiKey.AlterPartitionReassignments or ApiKey.ListPartitionReassignments
        or ApiKey.DescribeQuorum or ApiKey.UpdateFeatures or ApiKey.UnregisterBroker
        or ApiKey.AddRaftVoter or ApiKey.RemoveRaftVoter;

    /// <summary>The bytes of an IPv4 address; none where it is something else.</summary>
    private static byte[] AddressOf(string peer)
    {
        var bytes = new byte[sizeof(int)];
        var parts = peer.Split('.');
        for (var i = 0; i < bytes.Length; i++)
        {
            if (parts.Length != bytes.Length
                || !byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
            {
                return [127, 0, 0, 1];
            }
        }

        return bytes;
    }

    private sealed class Answer(Exchange exchange) : IPeerAnswer
    {
        public void Answered(IMessage response, long token)
        {
            var envelope = (EnvelopeResponse)response;
            if (envelope.ResponseData is { Length: > 0 } bytes)
            {
                exchange.AnswerWritten(bytes.ToArray());
            }
            else
            {
                exchange.Refuse("the controller refused a forwarded request");
            }
        }

        public void Failed(PeerFailure why, long token)
        {
            if (!exchange.IsAnswered)
            {
                exchange.Refuse("no controller could be reached");
            }
        }
    }

    /// <summary>Whether it worked shows in the metadata, and whoever wanted the topic asks again.</summary>
    private sealed class End(Action whenDone) : IPeerAnswer
    {
        public void Answered(IMessage response, long token) => whenDone();

        public void Failed(PeerFailure why, long token) => whenDone();
    }
}
