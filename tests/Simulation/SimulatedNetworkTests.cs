using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Net;
using Deterministic.Runtime.Sim.Worlds;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>
/// The network between a client that counts and a program that echoes: whatever the network does, what arrives is a
/// prefix of what was sent, frame by frame, and a broken connection is told to both ends.
/// </summary>
public sealed class SimulatedNetworkTests
{
    [Fact]
    public void Frames_cut_anywhere_arrive_whole_and_in_order()
    {
        for (var seed = 1UL; seed < 100; seed++)
        {
            var client = new CountingClient(200);
            var world = EchoWorld(seed, client, new NetworkOptions { Cut = 700_000, Stall = 10_000 });
            world.Run(new Instant(600_000_000), () => client.Received == 200);
            Assert.Equal(200, client.Received);
            Assert.True(world.Network.Faults.Cuts > 50);
        }
    }

    [Fact]
    public void A_reset_is_told_and_what_arrived_before_it_is_a_prefix()
    {
        var resets = 0;
        for (var seed = 1UL; seed < 100; seed++)
        {
            var client = new CountingClient(200);
            var world = EchoWorld(seed, client, new NetworkOptions { Reset = 40_000 });
            world.Run(new Instant(600_000_000), () => client.Received == 200 || client.IsGone);
            resets += client.IsGone ? 1 : 0;
            Assert.Equal(client.IsGone, client.Received < 200);
        }

        Assert.InRange(resets, 10, 90);
    }

    [Fact]
    public void A_partition_holds_bytes_back_and_healing_delivers_them()
    {
        var client = new CountingClient(50);
        var world = EchoWorld(7, client, new NetworkOptions());
        world.Run(new Instant(5_000_000), () => client.IsConnected);
        world.Network.Block(0, 1000);
        world.Run(new Instant(5_000_000));
        Assert.Equal(0, client.Received);
        world.Network.Unblock(0, 1000, world.Now);
        world.Run(new Instant(60_000_000), () => client.Received == 50);
        Assert.Equal(50, client.Received);
    }

    [Fact]
    public void One_connection_stands_still_and_another_between_the_same_hosts_goes_on()
    {
        var (still, other) = (new CountingClient(50), new CountingClient(50));
        var world = EchoWorld(7, still, new NetworkOptions());
        world.AddClient(other);
        world.Run(new Instant(5_000_000), () => still.IsConnected);
        var asked = Assert.Single(world.Network.Connections());
        SimulatedNetwork.Stall(asked.Peer);
        world.Clients[1].Start();
        world.Run(new Instant(10_000_000));
        Assert.Equal((0, 50), (still.Received, other.Received));

        world.Network.Deliver(asked.Peer, world.Now);
        world.Run(new Instant(60_000_000), () => still.Received == 50);
        Assert.Equal(50, still.Received);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_lost_with_a_connection_never_arrives_whoever_hears_of_it(bool isHeard)
    {
        var client = new CountingClient(50);
        var world = EchoWorld(7, client, new NetworkOptions());
        world.Run(new Instant(5_000_000), () => client.IsConnected);
        var asked = Assert.Single(world.Network.Connections());
        SimulatedNetwork.Stall(asked);
        world.Run(new Instant(10_000_000));
        world.Network.Lose(asked, isHeard, world.Now);
        world.Run(new Instant(20_000_000));
        Assert.Equal((0, isHeard), (client.Received, client.IsGone));

        // Who did not hear of it does so at the next word.
        if (!isHeard)
        {
            client.SendOne(asked);
            world.Run(new Instant(30_000_000));
        }

        Assert.True(client.IsGone);
        Assert.Empty(world.Network.Connections());
    }

    [Fact]
    public void What_a_dead_process_had_written_into_a_stall_arrives_before_its_end()
    {
        var client = new CountingClient(1);
        var world = EchoWorld(3, client, new NetworkOptions());
        world.Run(new Instant(5_000_000), () => client.IsConnected);
        var asked = Assert.Single(world.Network.Connections());
        SimulatedNetwork.Stall(asked);
        world.Run(new Instant(10_000_000));
        world.Nodes[0].Kill();
        world.Run(new Instant(20_000_000));
        Assert.Equal((0, false), (client.Received, client.IsGone));

        world.Network.Deliver(asked, world.Now);
        world.Run(new Instant(30_000_000));
        Assert.Equal((1, true), (client.Received, client.IsGone));
    }

    [Fact]
    public void A_killed_process_hangs_up_and_a_dark_host_does_so_late()
    {
        foreach (var isDark in new[] { false, true })
        {
            var client = new CountingClient(1);
            var world = EchoWorld(3, client, new NetworkOptions());
            world.Run(new Instant(5_000_000), () => client.Received == 1);
            var at = world.Now;
            if (isDark)
            {
                world.Nodes[0].LosePower();
            }
            else
            {
                world.Nodes[0].Kill();
            }

            world.Run(new Instant(60_000_000), () => client.IsGone);
            Assert.True(client.IsGone);
            Assert.Equal(isDark, (world.Now - at).Microseconds > 500_000);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_hash_and_another_seed_another()
    {
        var hashes = new HashSet<ulong>();
        for (var seed = 1UL; seed < 20; seed++)
        {
            Assert.Equal(HashOf(seed), HashOf(seed));
            hashes.Add(HashOf(seed));
        }

        Assert.Equal(19, hashes.Count);
    }

    private static ulong HashOf(ulong seed)
    {
        var client = new CountingClient(100);
        var world = EchoWorld(seed, client, new NetworkOptions { Stall = 5_000 });
        world.Run(new Instant(600_000_000), () => client.Received == 100);
        return world.Hash;
    }

    private static World EchoWorld(ulong seed, CountingClient client, NetworkOptions network)
    {
        var world = new World(seed, new WorldSetting { Network = network });
        world.AddNode(EchoNode, new NodeSetting());
        world.AddClient(client);
        world.Nodes[0].Start();
        world.Clients[0].Start();
        return world;
    }

    /// <summary>Sends every frame back, with what the frame's memory holds when the effects are carried out.</summary>
    private static NodeStep EchoNode(Effects effects, ulong seed) => (in Now now, in Input input) =>
    {
        if (input.Kind == InputKind.Received)
        {
            var prefix = effects.Take(4);
            BinaryPrimitives.WriteInt32BigEndian(prefix.Span, input.Bytes.Length);
            effects.AddPart(prefix);
            effects.AddPart(input.Bytes);
            effects.Send(input.Connection, 2);
        }
    };

    /// <summary>Sends numbered frames of many sizes and expects them back in order.</summary>
    private sealed class CountingClient(int frames) : IClientProgram
    {
        private ClientProcess _seat = null!;
        private int _sent;

        public int Received { get; private set; }

        public bool IsConnected { get; private set; }

        public bool IsGone { get; private set; }

        public void Started(ClientProcess seat)
        {
            _seat = seat;
            seat.Dial(0, NodeProcess.Port);
        }

        public void Connected(Socket socket)
        {
            IsConnected = true;
            while (_sent < frames)
            {
                SendOne(socket);
            }
        }

        public void SendOne(Socket socket)
        {
            var length = 4 + (_sent * 37 % 3000);
            var frame = _seat.Send(socket, 4 + length);
            BinaryPrimitives.WriteInt32BigEndian(frame, length);
            BinaryPrimitives.WriteInt32BigEndian(frame[4..], _sent);
            frame[8..].Fill((byte)_sent);
            _sent++;
        }

        public void FrameArrived(Socket socket, Memory<byte> frame)
        {
            Assert.Equal(Received, BinaryPrimitives.ReadInt32BigEndian(frame.Span));
            Assert.Equal(4 + (Received * 37 % 3000), frame.Length);
            Assert.Equal(-1, frame.Span[4..].IndexOfAnyExcept((byte)Received));
            Received++;
        }

        public void Disconnected(Socket socket) => IsGone = true;

        public void Woken()
        {
        }
    }
}
