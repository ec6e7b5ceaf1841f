using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Controller;
using Deterministic.Primitives;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>A new controller and the brokers that it has not heard of: how long it trusts whom.</summary>
public sealed class BrokerSessionsTests
{
    private const int Broker = 4;
    private const long Epoch = 17;

    private readonly Timers _timers = new();
    private readonly StepClock _clock = new();
    private readonly List<int> _over = [];
    private readonly BrokerSessions _sessions;
    private Instant _fetchedAt;

    public BrokerSessionsTests()
    {
        _sessions = new BrokerSessions(_timers, _clock)
        {
            WhenOver = _over.Add,
            IsSeenWithin = (broker, time) => broker == Broker && _fetchedAt + time >= _clock.Now.Instant,
        };
        Go(Duration.FromSeconds(60));
        _sessions.Begin(Broker, Epoch);
    }

    [Fact]
    public void A_broker_that_does_nothing_is_over_after_the_trust()
    {
        Go(_sessions.TrustTimeout);
        Assert.Equal([Broker], _over);
    }

    [Fact]
    public void A_broker_that_fetches_metadata_has_the_whole_time_out_for_its_heartbeat()
    {
        for (var waited = Duration.Zero; waited + _sessions.TrustTimeout < _sessions.Timeout; waited += _sessions.TrustTimeout)
        {
            _fetchedAt = _clock.Now.Instant;
            Go(_sessions.TrustTimeout);
            Assert.Empty(_over);
        }

        _sessions.Heard(Broker, Epoch, 3);
        Go(_sessions.TrustTimeout);
        Assert.Empty(_over);
        Assert.True(_sessions.IsSure(Broker, Epoch));
    }

    [Fact]
    public void A_broker_that_only_fetches_is_over_after_the_whole_time_out()
    {
        for (var waited = Duration.Zero; waited < _sessions.Timeout; waited += _sessions.TrustTimeout)
        {
            _fetchedAt = _clock.Now.Instant;
            Go(_sessions.TrustTimeout);
        }

        Assert.Equal([Broker], _over);
    }

    [Fact]
    public void A_broker_that_stops_fetching_is_over_soon()
    {
        Go(Duration.FromMilliseconds(900));
        _fetchedAt = _clock.Now.Instant;
        Go(_sessions.TrustTimeout);
        Assert.Empty(_over);
        Go(_sessions.TrustTimeout);
        Assert.Equal([Broker], _over);
    }

    private void Go(Duration duration)
    {
        _clock.Now = new Now(_clock.Now.Instant + duration, _clock.Now.WallMs + duration.Milliseconds);
        _timers.Advance(_clock.Now);
    }
}
