using System;
using System.Globalization;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>Envelope (58): a client's request that another broker passed on to the controller (KIP-590).</summary>
/// <remarks>
/// What is in it is handled like any other request, only that its answer goes back as bytes. NOT_CONTROLLER is the envelope's own
/// answer, so that the broker tries the next controller and the client hears nothing of it.
/// </remarks>
internal static class EnvelopeApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new EnvelopeRequest();
        if (exchange.TryRead(request))
        {
            broker.Links.Handle(ApiKey.Envelope, request, exchange.Answer);
        }
    }

    /// <summary>Answers once, now or in a later step.</summary>
    public static void Open(Broker broker, IRequestHandler handler, EnvelopeRequest envelope, Action<IMessage> answer)
    {
        if (!broker.Controller.IsActive)
        {
            answer(Refuse(ErrorCode.NotController));
            return;
        }

        var isRequest = ForwardedRequest.TryHandle(
            envelope.RequestData.ToArray(),
            AddressIn(envelope.ClientHostAddress.Span),
            ControllerListenerOf(broker),
            broker.Now.Instant,
            handler,
            response => answer(response is null
                ? Refuse(ErrorCode.UnsupportedVersion)
                : new EnvelopeResponse { ResponseData = (ReadOnlyMemory<byte>?)response }));
        if (!isRequest)
        {
            answer(Refuse(ErrorCode.InvalidRequest));
        }
    }

    private static EnvelopeResponse Refuse(ErrorCode error) => new() { ErrorCode = (short)error, ResponseData = null };

    /// <summary>Four or sixteen bytes of an address, as text.</summary>
    private static string AddressIn(ReadOnlySpan<byte> bytes) => bytes.Length == sizeof(int)
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes[0]}.{bytes[1]}.{bytes[2]}.{bytes[3]}")
        : "";

    private static int ControllerListenerOf(Broker broker)
    {
        for (var i = 0; i < broker.Options.Listeners.Count; i++)
        {
            if (broker.Options.Listeners[i].IsController)
            {
                return i;
            }
        }

        return 0;
    }
}
