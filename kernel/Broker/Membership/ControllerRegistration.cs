using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Membership;

/// <summary>A controller tells the active one where it listens and what it supports, once in each life (KIP-919).</summary>
/// <remarks>
/// Inputs   Register, answers of the active controller, a timer
/// Effects  ControllerRegistration requests
///
/// Asking  -> Asking      nobody answered, or with an error: again after the backoff
/// Asking  -> Registered  the record is committed
///
/// The rule a reader would get wrong: a registration says nothing of who votes. It is how the cluster knows what every
/// controller could follow, before it finalizes a feature that one of them could not.
/// </remarks>
internal sealed class ControllerRegistration(IControllerChannel controller, Timers timers, StepClock clock)
    : IPeerAnswer, ITimed
{
    private static readonly Duration RequestTimeout = Duration.FromSeconds(5);
    private static readonly Duration Backoff = Duration.FromSeconds(1);

    private ControllerRegistrationRequest? _request;
    private TimerHandle? _again;

    public void Register(BrokerId id, Uuid incarnation, IReadOnlyList<Endpoint> endpoints)
    {
        Invariant.Check(_request is null);
        _request = new ControllerRegistrationRequest { ControllerId = id.Value, IncarnationId = incarnation };
        foreach (var endpoint in endpoints)
        {
            _request.Listeners.Add(new ControllerRegistrationRequest.Listener
            {
                Name = endpoint.Name,
                Host = endpoint.Host,
                Port = (ushort)endpoint.Port,
                SecurityProtocol = endpoint.SecurityProtocol,
            });
        }

        foreach (var feature in FeaturesImage.OfThisRelease)
        {
            _request.Features.Add(new ControllerRegistrationRequest.Feature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
        }

        Ask();
    }

    /// <summary>The node stops: nothing is asked any more.</summary>
    public void Stop()
    {
        timers.Cancel(_again);
        _request = null;
    }

    public void Answered(IMessage response, long token)
    {
        if (response is not ControllerRegistrationResponse { ErrorCode: (short)ErrorCode.None })
        {
            AskLater();
        }
    }

    public void Failed(PeerFailure why, long token) => AskLater();

    public void TimerFired(in Now now, long token) => Ask();

    private void Ask()
    {
        if (_request is { } request)
        {
            controller.Ask(ApiKey.ControllerRegistration, request, RequestTimeout, this);
        }
    }

    private void AskLater()
    {
        if (_request is not null)
        {
            _again = timers.Set(clock.Now.Instant + Backoff, this);
        }
    }
}
