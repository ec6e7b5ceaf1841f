using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Controller;

/// <summary>Which brokers the active controller has heard of lately.</summary>
/// <remarks>
/// Inputs   Begin, Heard, Doubt, End, Clear, timers
/// Effects  WhenOver; IsSeenWithin is asked
///
/// (none)  -> Trusted   a broker was unfenced when this controller became active: it is given a session, unheard
/// Trusted -> Trusted   it fetches the metadata log here: it lives, and may take the whole time-out to send its heartbeat
/// any     -> Heard     a heartbeat or a registration: the whole time-out again
/// Heard   -> Doubted   its connection broke: the short time-out; a living broker connects again and is heard
/// any     -> Over      the time-out passed; told once, and taken back by being heard
///
/// A session is a guess about one life of a broker, so it bears that life's epoch. Only a session that was heard by this
/// controller and is not doubted speaks against another life of the same id: everything else, the trust given at the
/// beginning included, would only keep a restarted broker out.
/// </remarks>
public sealed class BrokerSessions : ITimed
{
    private readonly Timers _timers;
    private readonly StepClock _clock;
    private readonly SortedDictionary<int, Session> _sessions = [];

    public BrokerSessions(Timers timers, StepClock clock)
    {
        _timers = timers;
        _clock = clock;
    }

    /// <summary><c>broker.session.timeout.ms</c>.</summary>
    public Duration Timeout { get; set; } = Duration.FromSeconds(9);

    /// <summary>What is left of a session whose connection broke. Our own: Kafka waits the whole time-out.</summary>
    public Duration DoubtTimeout { get; set; } = Duration.FromMilliseconds(300);

    /// <summary>
    /// What a broker is given that a new controller has not heard of yet. Our own: a living broker looks for the new controller
    /// as soon as it hears of it, and the one that died with the old controller must not be waited for. Kafka's brokers look for
    /// it with their next heartbeat, after 2 s, but fetch metadata at once.
    /// </summary>
    public Duration TrustTimeout { get; set; } = Duration.FromMilliseconds(1000);

    /// <summary>Whether this broker has fetched metadata from this node so lately.</summary>
    public Func<int, Duration, bool>? IsSeenWithin { get; set; }

    /// <summary>The session of this broker is over; nothing keeps it from being fenced.</summary>
    public Action<int>? WhenOver { get; set; }

    /// <summary>How far the broker has read the metadata log; -1 where it did not say yet.</summary>
    public long OffsetOf(int broker) => _sessions.TryGetValue(broker, out var session) ? session.Offset : -1;

    /// <summary>True where this controller heard that very life of the broker, and has no reason to doubt it.</summary>
    public bool IsSure(int broker, long epoch) =>
        _sessions.TryGetValue(broker, out var session) && session.Epoch == epoch && session.State == SessionState.Heard;

    /// <summary>True where the broker has no session, or an old one.</summary>
    public bool IsOver(int broker, long epoch) =>
        !_sessions.TryGetValue(broker, out var session)
        || session.Epoch != epoch
        || session.State == SessionState.Over;

    /// <summary>Trusts a broker that the image shows unfenced.</summary>
    public void Begin(int broker, long epoch) =>
        Set(broker, epoch, -1, SessionState.Trusted, Timeout < TrustTimeout ? Timeout : TrustTimeout);

    public void Heard(int broker, long epoch, long offset) => Set(broker, epoch, offset, SessionState.Heard, Timeout);

    /// <summary>The broker's connection broke: it may be dead.</summary>
    public void Doubt(int broker)
    {
        if (_sessions.TryGetValue(broker, out var session) && session.State is SessionState.Heard or SessionState.Trusted)
        {
            var left = Instant.Min(session.Timer!.Deadline, _clock.Now.Instant + DoubtTimeout);
            _timers.Cancel(session.Timer);
            session.Timer = _timers.Set(left, this, broker);
            session.State = SessionState.Doubted;
        }
    }

    public void End(int broker)
    {
        if (_sessions.Remove(broker, out var session))
        {
            _timers.Cancel(session.Timer);
        }
    }

    public void Clear()
    {
        foreach (var (_, session) in _sessions)
        {
            _timers.Cancel(session.Timer);
        }

        _sessions.Clear();
    }

    public void TimerFired(in Now now, long token)
    {
        var session = _sessions[(int)token];
        if (session.State == SessionState.Trusted
            && now.Instant < session.BeganAt + Timeout
            && IsSeenWithin?.Invoke((int)token, TrustTimeout) == true)
        {
            session.Timer = _timers.Set(Instant.Min(now.Instant + TrustTimeout, session.BeganAt + Timeout), this, token);
            return;
        }

        session.State = SessionState.Over;
        session.Timer = null;
        WhenOver?.Invoke((int)token);
    }

    private void Set(int broker, long epoch, long offset, SessionState state, Duration timeout)
    {
        End(broker);
        _sessions.Add(broker, new Session
        {
            Epoch = epoch,
            Offset = offset,
            State = state,
            BeganAt = _clock.Now.Instant,
            Timer = _timers.Set(_clock.Now.Instant + timeout, this, broker),
        });
    }

    private enum SessionState : byte
    {
        Trusted,
        Heard,
        Doubted,
        Over,
    }

    private sealed class Session
    {
        public long Epoch { get; init; }

        public long Offset { get; init; }

        public Instant BeganAt { get; init; }

        public SessionState State { get; set; }

        public TimerHandle? Timer { get; set; }
    }
}
