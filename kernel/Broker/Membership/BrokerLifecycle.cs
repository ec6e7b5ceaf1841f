using System;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Membership;

/// <summary>Where a broker stands with its cluster.</summary>
public enum BrokerState : byte
{
    /// <summary>Not registered, or not any more.</summary>
    Registering,

    /// <summary>Registered; reads the metadata log and loads its partitions. Fenced: it leads nothing.</summary>
    Recovering,

    /// <summary>Ready, and waits until the controller unfences it.</summary>
    Fenced,

    /// <summary>Part of the cluster.</summary>
    Running,

    /// <summary>Asked to stop: the controller moves its leaderships away first (controlled shutdown).</summary>
    ShuttingDown,

    /// <summary>May stop.</summary>
    ShutDown,
}

/// <summary>A broker's life in its cluster: it registers, says that it lives, and takes leave.</summary>
/// <remarks>
/// Inputs   Register, ReadyToServe, BeginShutdown, answers of the controller, timers
/// Effects  requests to the controller; callbacks
///
/// Registering  -> Recovering    the controller gave a broker epoch
/// Recovering   -> Fenced        ReadyToServe: the partitions are loaded
/// Fenced       -> Running       a heartbeat's answer: not fenced
/// Running      -> Fenced        a heartbeat's answer: fenced (it was silent too long, or the controller was told it is gone)
/// any of these -> Registering   the controller does not know this broker epoch
/// any of these -> ShuttingDown  BeginShutdown
/// ShuttingDown -> ShutDown      the answer says so, or nobody answered within the time-out
///
/// Being fenced is told, never guessed: a broker that hears nothing goes on, and what protects the data meanwhile are the
/// epochs, not this machine. The connection to the controller is watched for the same reason the other way round: the
/// controller takes its end for a hint that this broker died, so a living one heartbeats at once.
/// </remarks>
public sealed class BrokerLifecycle : IPeerAnswer, ITimed
{
    private const long RegistrationToken = 1;
    private const long HeartbeatToken = 2;
    private static readonly Duration RequestTimeout = Duration.FromSeconds(5);
    private static readonly Duration RegistrationBackoff = Duration.FromMilliseconds(100);

    /// <summary>Between heartbeats while an answer is awaited that changes something.</summary>
    private static readonly Duration SoonInterval = Duration.FromMilliseconds(20);

    private readonly IControllerChannel _controller;
    private readonly Timers _timers;
    private readonly StepClock _clock;
    private readonly MetadataImage _image;
    private readonly Duration _interval;
    private BrokerIdentity? _identity;
    private long _previousEpoch;
    private Action? _whenRegistered;
    private Action? _whenShutDown;
    private TimerHandle? _next;
    private TimerHandle? _shutdownLimit;
    private bool _isAsking;
    private bool _askAgain;

    /// <param name="controller">The way to the controller, for this machine alone.</param>
    /// <param name="timers">The node's.</param>
    /// <param name="clock">The node's.</param>
    /// <param name="image">How far it has read is told with every heartbeat.</param>
    /// <param name="interval"><c>broker.heartbeat.interval.ms</c>.</param>
    public BrokerLifecycle(
        IControllerChannel controller, Timers timers, StepClock clock, MetadataImage image, Duration interval)
    {
        _controller = controller;
        _timers = timers;
        _clock = clock;
        _image = image;
        _interval = interval;
    }

    public BrokerState State { get; private set; }

    /// <summary>-1 before the first registration.</summary>
    public long BrokerEpoch { get; private set; } = -1;

    /// <summary>Told at every change of <see cref="State"/>.</summary>
    public Action? WhenChanged { get; set; }

    /// <summary>
    /// Registers until the controller agrees. <paramref name="previousEpoch"/> is what the marker of a clean shutdown says,
    /// or -1 after a crash (KIP-966).
    /// </summary>
    public void Register(BrokerIdentity identity, long previousEpoch, Action whenRegistered)
    {
        Invariant.Check(_identity is null);
        _identity = identity;
        _previousEpoch = previousEpoch;
        _whenRegistered = whenRegistered;
        AskToRegister();
    }

    /// <summary>Everything is loaded: the controller may give this broker leaderships.</summary>
    public void ReadyToServe()
    {
        Invariant.Check(State == BrokerState.Recovering);
        Become(BrokerState.Fenced);
        HeartbeatNow();
    }

    /// <summary>
    /// Asks the controller to move the leaderships away; calls back when it has, or when the time is over.
    /// </summary>
    public void BeginShutdown(Duration limit, Action whenShutDown)
    {
        _whenShutDown = whenShutDown;
        if (State == BrokerState.Registering)
        {
            ShutDown();
            return;
        }

        Become(BrokerState.ShuttingDown);
        _shutdownLimit = _timers.Set(_clock.Now.Instant + limit, new ShutdownLimit(this));
        HeartbeatNow();
    }

    /// <summary>The connection to the controller broke, or another node is the controller now.</summary>
    public void ConnectionLost() => HeartbeatNow();

    /// <summary>No more requests are made.</summary>
    public void Stop()
    {
        _whenShutDown = null;
        ShutDown();
    }

    public void TimerFired(in Now now, long token)
    {
        _next = null;
        if (State == BrokerState.Registering)
        {
            AskToRegister();
        }
        else
        {
            Heartbeat();
        }
    }

    public void Answered(IMessage response, long token)
    {
        _isAsking = false;
        switch (response)
        {
            case BrokerRegistrationResponse registration:
                Registered(registration);
                break;
            case BrokerHeartbeatResponse heartbeat:
                HeartbeatAnswered(heartbeat);
                break;
            default:
                throw new InvariantBrokenException("an answer to nothing that was asked");
        }
    }

    public void Failed(PeerFailure why, long token)
    {
        _isAsking = false;
        Next(State == BrokerState.Registering ? RegistrationBackoff : SoonInterval);
    }

    private void AskToRegister()
    {
        if (_identity is not { } identity || _isAsking || State == BrokerState.ShutDown)
        {
            return;
        }

        var request = new BrokerRegistrationRequest
        {
            BrokerId = identity.Id.Value,
            ClusterId = _image.ClusterId.ToString(),
            IncarnationId = identity.IncarnationId,
            Rack = identity.Rack,
            LogDirs = [identity.DirectoryId],
            PreviousBrokerEpoch = _previousEpoch,
        };
        foreach (var endpoint in identity.Endpoints)
        {
            request.Listeners.Add(new BrokerRegistrationRequest.Listener
            {
                Name = endpoint.Name,
                Host = endpoint.Host,
                Port = (ushort)endpoint.Port,
                SecurityProtocol = endpoint.SecurityProtocol,
            });
        }

        foreach (var feature in FeaturesImage.OfThisRelease)
        {
            request.Features.Add(new BrokerRegistrationRequest.Feature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
        }

        _isAsking = true;
        _controller.Ask(ApiKey.BrokerRegistration, request, RequestTimeout, this, RegistrationToken);
    }

    private void Registered(BrokerRegistrationResponse response)
    {
        if (response.ErrorCode != (short)ErrorCode.None || State == BrokerState.ShutDown)
        {
            // Most often another life of this id, whose session is not over yet.
            Next(RegistrationBackoff);
            return;
        }

        BrokerEpoch = response.BrokerEpoch;
        var whenRegistered = _whenRegistered;
        _whenRegistered = null;
        Become(whenRegistered is null ? BrokerState.Fenced : BrokerState.Recovering);
        Next(SoonInterval);
        whenRegistered?.Invoke();
    }

    private void HeartbeatNow()
    {
        if (State is BrokerState.Registering or BrokerState.ShutDown)
        {
            return;
        }

        if (_isAsking)
        {
            _askAgain = true;
            return;
        }

        Heartbeat();
    }

    private void Heartbeat()
    {
        if (_isAsking || State == BrokerState.ShutDown)
        {
            return;
        }

        _isAsking = true;
        _askAgain = false;
        var request = new BrokerHeartbeatRequest
        {
            BrokerId = _identity!.Id.Value,
            BrokerEpoch = BrokerEpoch,
            CurrentMetadataOffset = _image.LastOffset,
            WantFence = State == BrokerState.Recovering,
            WantShutDown = State == BrokerState.ShuttingDown,
        };
        _controller.Ask(ApiKey.BrokerHeartbeat, request, RequestTimeout, this, HeartbeatToken);
    }

    private void HeartbeatAnswered(BrokerHeartbeatResponse response)
    {
        switch ((ErrorCode)response.ErrorCode)
        {
            case ErrorCode.None:
                Obey(response);
                break;
            case ErrorCode.StaleBrokerEpoch or ErrorCode.BrokerIdNotRegistered when State != BrokerState.ShuttingDown:
                Become(BrokerState.Registering);
                break;
            default:
                break;
        }

        var isAwaiting = State is not (BrokerState.Running or BrokerState.Recovering) || _askAgain;
        Next(State == BrokerState.Registering ? RegistrationBackoff : isAwaiting ? SoonInterval : _interval);
    }

    private void Obey(BrokerHeartbeatResponse response)
    {
        switch (State)
        {
            case BrokerState.Fenced when !response.IsFenced:
                Become(BrokerState.Running);
                break;
            case BrokerState.Running when response.IsFenced:
                Become(BrokerState.Fenced);
                break;
            case BrokerState.ShuttingDown when response.ShouldShutDown:
                ShutDown();
                break;
            default:
                break;
        }
    }

    private void ShutDown()
    {
        if (State != BrokerState.ShutDown)
        {
            Become(BrokerState.ShutDown);
            _timers.Cancel(_shutdownLimit);
            _timers.Cancel(_next);
            var whenShutDown = _whenShutDown;
            _whenShutDown = null;
            whenShutDown?.Invoke();
        }
    }

    private void Become(BrokerState state)
    {
        if (State != state)
        {
            State = state;
            WhenChanged?.Invoke();
        }
    }

    private void Next(Duration after)
    {
        _timers.Cancel(_next);
        _next = State == BrokerState.ShutDown ? null : _timers.Set(_clock.Now.Instant + after, this);
    }

    /// <summary>Nobody answers any more: stopping is worth more than stopping politely.</summary>
    private sealed class ShutdownLimit(BrokerLifecycle lifecycle) : ITimed
    {
        public void TimerFired(in Now now, long token) => lifecycle.ShutDown();
    }
}
