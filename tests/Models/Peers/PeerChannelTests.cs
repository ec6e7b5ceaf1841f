using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Net;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Worlds;
using Xunit;

namespace Deterministic.Tests.Models.Peers;

/// <summary>A channel from one node to a real broker, over a network that breaks and a broker that dies.</summary>
public sealed class PeerChannelTests
{
    private const int Requests = 300;

    [Fact]
    public void Every_request_ends_once_whatever_happens_to_the_connection()
    {
        var failures = new SortedSet<PeerFailure>();
        for (var seed = 1UL; seed <= 60; seed++)
        {
            var asker = new Asker();
            var world = WorldOf(seed, asker, new NetworkOptions { Cut = 100_000, Reset = 10_000, Stall = 5_000 });
            for (var round = 0; round < 4; round++)
            {
                world.Run(world.Now + Duration.FromMilliseconds(400));
                world.Nodes[0].Kill();
                world.StartNode(0, world.Now + Duration.FromMilliseconds(300));
            }

            world.Heal();
            world.Run(world.Now + Duration.FromSeconds(120), () => asker.Ended == Requests);
            Assert.Null(world.Failure);
            Assert.Equal(Requests, asker.Ended);
            Assert.All(asker.Ends, count => Assert.Equal(1, count));
            Assert.True(asker.Answers > 0);
            failures.UnionWith(asker.Failures);
        }

        Assert.Contains(PeerFailure.Disconnected, failures);
        Assert.Contains(PeerFailure.Refused, failures);
    }

    [Fact]
    public void A_peer_that_says_nothing_is_given_up_after_the_requests_time_out()
    {
        var asker = new Asker();
        var world = WorldOf(5, asker, new NetworkOptions());
        world.Run(world.Now + Duration.FromSeconds(10), () => asker.Answers > 3);
        world.Network.Block(0, 1);
        world.Run(world.Now + Duration.FromSeconds(30), () => asker.Failures.Contains(PeerFailure.TimedOut));
        Assert.Contains(PeerFailure.TimedOut, asker.Failures);
    }

    private static World WorldOf(ulong seed, Asker asker, NetworkOptions network)
    {
        var world = new World(seed, new WorldSetting { Network = network });
        world.AddNode((effects, node) => KernelNodes.Make(0, new ClusterShape(1, 0), [], effects, node), new NodeSetting());
        world.AddNode((effects, _) => asker.Begin(effects), new NodeSetting());
        world.Nodes[0].Start();
        world.Nodes[1].Start();
        return world;
    }

    /// <summary>Asks one after the other, now and then several at once, and counts how each ended.</summary>
    private sealed class Asker : IPeerAnswer, ITimed
    {
        private readonly Timers _timers = new();
        private readonly StepClock _clock = new();
        private PeerTable _table = null!;
        private PeerChannel _channel = null!;
        private Effects _effects = null!;
        private int _next;
        private bool _isSending;

        public int[] Ends { get; } = new int[Requests];

        public int Ended { get; private set; }

        public int Answers { get; private set; }

        public List<PeerFailure> Failures { get; } = [];

        public NodeStep Begin(Effects effects)
        {
            _effects = effects;
            _table = new PeerTable(effects, _timers, _clock, "asker");
            _channel = _table.Open(new PeerAddress(1, World.HostName(0), NodeProcess.Port), "test");
            return Step;
        }

        public void Answered(IMessage response, long token)
        {
            Assert.IsType<ApiVersionsResponse>(response);
            Answers++;
            End(token);
        }

        public void Failed(PeerFailure why, long token)
        {
            Failures.Add(why);
            End(token);
        }

        public void TimerFired(in Now now, long token) => SendNext();

        private void Step(in Now now, in Input input)
        {
            _clock.Now = now;
            switch (input.Kind)
            {
                case InputKind.Started:
                    SendNext();
                    break;
                case InputKind.Connected:
                    _table.Connected(input.Connection);
                    break;
                case InputKind.Received:
                    _table.Received(input.Connection, input.Bytes);
                    break;
                case InputKind.Closed:
                    _table.Closed(input.Connection);
                    break;
                default:
                    break;
            }

            _timers.Advance(now);
            _effects.Add(new Wake(_timers.NextDeadline));
        }

        private void End(long token)
        {
            Assert.False(_isSending);
            Ends[token]++;
            Ended++;
            if (_channel.InFlight == 0)
            {
                _timers.Set(_clock.Now.Instant + Duration.FromMilliseconds(5), this);
            }
        }

        private void SendNext()
        {
            _isSending = true;
            for (var burst = 1 + (_next % 3); burst > 0 && _next < Requests; burst--)
            {
                var request = new ApiVersionsRequest { ClientSoftwareName = "asker", ClientSoftwareVersion = "1" };
                _channel.Send(ApiKey.ApiVersions, 3, request, Duration.FromSeconds(2), this, _next++);
            }

            _isSending = false;
        }
    }
}
