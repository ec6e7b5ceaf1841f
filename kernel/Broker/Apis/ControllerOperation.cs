using System;
using System.Collections.Generic;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Raft;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;

namespace Deterministic.Broker.Apis;

/// <summary>
/// The way of every request that changes metadata: it waits its turn at the controller, is decided, and is answered
/// when
/// its records are committed.
/// </summary>
internal static class ControllerOperation
{
    private static readonly ApiError TooLarge =
        new(ErrorCode.PolicyViolation, "Unable to perform excessively large batch operation.");

    private static readonly ApiError TooMany =
        new(ErrorCode.ThrottlingQuotaExceeded, "Too many requests wait for the controller.");

    private static readonly ApiError NotController =
        new(ErrorCode.NotController, "This is not the correct controller for this cluster.");

    private static readonly ApiError TimedOut = new(ErrorCode.RequestTimedOut, null);

    /// <summary>Runs one request.</summary>
    /// <param name="broker">The node.</param>
    /// <param name="exchange">Answered when it is over.</param>
    /// <param name="isDryRun">Decide, answer, and change nothing (<c>validateOnly</c>).</param>
    /// <param name="decide">Adds the records and gives the answer for when they are committed.</param>
    /// <param name="refuse">The answer that refuses everything in the request for one reason.</param>
    public static void Run(
        Broker broker,
        Exchange exchange,
        bool isDryRun,
        Func<List<MetadataRecord>, IMessage> decide,
        Func<ApiError, IMessage> refuse)
    {
        var isQueued = broker.Controller.TrySubmit(() =>
        {
            var records = new List<MetadataRecord>();
            var response = decide(records);
            if (!ProposalLimits.Allow(records))
            {
                records.Clear();
                response = refuse(TooLarge);
            }

            if (isDryRun)
            {
                records.Clear();
            }

            return new Decision(records, () => exchange.Answer(response));
        }, () => exchange.Answer(refuse(NotController)));
        if (!isQueued)
        {
            exchange.Answer(refuse(TooMany));
        }
    }

    /// <summary>
    /// True where the request speaks to the controller, not to the broker that is on the same node: another broker passed it
    /// on, or it came in by a controller's listener.
    /// </summary>
    public static bool IsForController(Broker broker, Exchange exchange) =>
        exchange.Origin is ForwardedRequest || broker.Options.Listeners[exchange.Origin.Listener].IsController;

    /// <summary>
    /// A client that gives no time gets none, as with Kafka: true where the request was answered so.
    /// </summary>
    public static bool IsOutOfTime(Exchange exchange, int timeoutMs, Func<ApiError, IMessage> refuse)
    {
        if (timeoutMs > 0)
        {
            return false;
        }

        exchange.Answer(refuse(TimedOut));
        return true;
    }
}
