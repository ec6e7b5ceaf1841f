using System.Collections.Generic;
using Deterministic.Broker.Apis;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker;

/// <summary>
/// One node: a function from its state and one input to its next state and the effects it asks for. No clock, no
/// randomness of its own, no threads, no files, no sockets; every run can be repeated from its options and its
/// inputs.
/// </summary>
/// <remarks>
/// Inputs   all of <see cref="InputKind"/>
/// Effects  all of <see cref="EffectKind"/>, into the recorder given at construction
///
/// The one switch: it tells the rooms what happened and decides nothing else. Whoever owns the recorder clears it.
/// </remarks>
public sealed class Node : IRequestHandler
{
    /// <summary>Bound: connections of one node; one more is closed at once (<c>max.connections</c>).</summary>
    public const int MaxConnections = 20_000;

    private readonly Apis.Broker _broker;
    private readonly Effects _effects;
    private readonly Lifecycle _lifecycle;
    private readonly Dictionary<long, Session> _sessions = [];
    private readonly SortedDictionary<long, Session> _waitingForReady = [];
    private Instant _wakeAskedFor = Instant.Never;

    public Node(NodeOptions options, Effects effects)
    {
        _effects = effects;
        _broker = new Apis.Broker(options, effects);
        _lifecycle = new Lifecycle(_broker, () => Begin(controllers: true), () => Begin(controllers: false));
        _broker.Links.OpenEnvelope = (envelope, answer) => EnvelopeApi.Open(_broker, this, envelope, answer);
    }

    /// <summary>What this node is made of, for tests, checkers and viewers. Nobody but the node changes it.</summary>
    public Apis.Broker Broker => _broker;

    public bool IsServing => _lifecycle.State is LifecycleState.Serving or LifecycleState.Leaving;

    /// <summary>Its controller listeners serve, which is before it is part of the cluster.</summary>
    public bool IsMember => _lifecycle.IsMember && _lifecycle.State < LifecycleState.Stopping;

    /// <summary>Takes one input. Effects are recorded in the order in which they must happen.</summary>
    public void Step(in Now now, in Input input)
    {
        if (_lifecycle.State == LifecycleState.Halted)
        {
            return;
        }

        _broker.Clock.Now = now;
        Take(now, input);
        _broker.Timers.Advance(now);
        AskForWake();
    }

    /// <summary>A session has a whole request whose turn it is.</summary>
    public void Handle(Exchange exchange)
    {
        var isController = _broker.Options.Listeners[exchange.Origin.Listener].IsController;
        if (!(isController ? IsMember : IsServing))
        {
            // Its logs are being closed: nothing may be appended, and no answer could be kept.
            exchange.Refuse("the node is stopping");
            return;
        }

        var key = exchange.Header.ApiKey;
        var handler = ApiHandlers.Find(key, isController);
        if (handler is null)
        {
            exchange.Refuse("an API that is not served");
            return;
        }

        // ApiVersions answers any version: that is how strangers find out what to speak.
        var isKnown = exchange.Version >= ApiTable.Lowest(key) && exchange.Version <= ApiTable.Highest(key);
        if (!isKnown && key != ApiKey.ApiVersions)
        {
            exchange.Refuse("a version that is not served");
            return;
        }

        if (Forwarding.IsMeant(_broker, exchange))
        {
            Forwarding.Forward(_broker, exchange);
        }
        else
        {
            handler(_broker, exchange);
        }
    }

    private void Take(in Now now, in Input input)
    {
        switch (input.Kind)
        {
            case InputKind.Started:
                _lifecycle.Start(input.Image!);
                break;
            case InputKind.Opened:
                Open(input);
                break;
            case InputKind.Connected:
                _broker.Peers.Connected(input.Connection);
                break;
            case InputKind.Received when input.Connection.IsDialled:
                _broker.Peers.Received(input.Connection, input.Bytes);
                break;
            case InputKind.Received:
                Find(input.Connection)?.FrameReceived(input.Bytes);
                break;
            case InputKind.Closed when input.Connection.IsDialled:
                _broker.Peers.Closed(input.Connection);
                break;
            case InputKind.Closed:
                CloseSession(input.Connection);
                break;
            case InputKind.Written:
                _broker.Files.WrittenTo(input.File, input.Position, now);
                break;
            case InputKind.Flushed:
                _broker.Files.FlushedTo(input.File, input.Position, now);
                break;
            case InputKind.ReadDone:
                _broker.Files.Answered(input.Ticket, input.Bytes);
                break;
            case InputKind.NamesChanged:
                _broker.Files.Answered(input.Ticket, default);
                break;
            case InputKind.DiskFailed:
                _lifecycle.HaltFor($"the disk failed: {input.Text}");
                break;
            case InputKind.StopRequested:
                _lifecycle.Stop();
                break;
            case InputKind.Tick:
            default:
                break;
        }
    }

    private void Open(in Input input)
    {
        if (_sessions.Count >= MaxConnections)
        {
            _effects.Add(new Note(NoteKind.PeerAtFault, "too many connections", input.Connection.Value, 0));
            _effects.Add(new Close(input.Connection, "too many connections"));
            return;
        }

        var session = new Session(input.Connection, input.Listener, input.Text ?? "", _effects, _broker.Clock, this);
        _sessions.Add(input.Connection.Value, session);
        var isController = _broker.Options.Listeners[input.Listener].IsController;
        if (!(isController ? IsMember : IsServing))
        {
            session.HoldUntilReady();
            _waitingForReady.Add(input.Connection.Value, session);
        }
    }

    private void Begin(bool controllers)
    {
        var begun = new List<long>();
        foreach (var (id, session) in _waitingForReady)
        {
            if (_broker.Options.Listeners[session.Listener].IsController == controllers)
            {
                session.Begin();
                begun.Add(id);
            }
        }

        foreach (var id in begun)
        {
            _waitingForReady.Remove(id);
        }
    }

    private void CloseSession(ConnectionId connection)
    {
        if (_sessions.Remove(connection.Value, out var session))
        {
            session.ConnectionClosed();
            _waitingForReady.Remove(connection.Value);
            _broker.Heartbeating.Closed(session);
        }
    }

    private Session? Find(ConnectionId connection) => _sessions.GetValueOrDefault(connection.Value);

    private void AskForWake()
    {
        var next = _broker.Timers.NextDeadline;
        if (next != _wakeAskedFor)
        {
            _wakeAskedFor = next;
            _effects.Add(new Wake(next));
        }
    }
}
