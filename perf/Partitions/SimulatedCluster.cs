using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using Deterministic.Broker;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Peers;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Time;
using Deterministic.Runtime.Sim.Workloads;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Perf.Partitions;

/// <summary>
/// A cluster in one simulated world without checkers: the first three nodes are brokers and controllers, the others brokers.
/// Counts what its kernels cost.
/// </summary>
internal sealed class SimulatedCluster
{
    private const int Controllers = 3;
    private const int ControllerPort = NodeProcess.Port + 1;
    private const int Replicas = 3;
    private const int PerTopic = 1_000;
    private static readonly Uuid ClusterId = new(0x5EED, 0xC1A5);
    private static readonly Duration Glance = Duration.FromMilliseconds(20);

    private readonly Node?[] _kernels;
    private readonly int _partitions;
    private long _kernelTicks;

    public SimulatedCluster(int nodes, int partitions)
    {
        _kernels = new Node?[nodes];
        _partitions = partitions;
        World = new World(1, new WorldSetting { Schedule = Schedule.Fifo, ScheduleWindowUs = 0 });
        for (var i = 0; i < nodes; i++)
        {
            var number = i;
            World.AddNode((effects, seed) => Make(number, effects, seed), new NodeSetting { Listeners = 2 });
        }
    }

    public World World { get; }

    /// <summary>Seconds of this machine that were spent inside kernels.</summary>
    public double KernelSeconds => (double)_kernelTicks / Stopwatch.Frequency;

    public double Seconds => World.Now.Microseconds / 1e6;

    /// <summary>Starts every node; true once all of them serve.</summary>
    public bool Start(Duration within)
    {
        foreach (var node in World.Nodes)
        {
            node.Start();
        }

        return Until(within, () => World.Nodes.TrueForAll(node => node.IsReady));
    }

    /// <summary>Creates a thousand partitions at a time; true once every partition is led and every ISR full.</summary>
    public bool Create(Duration within)
    {
        var addresses = new List<(string, int)>();
        for (var i = 0; i < Controllers; i++)
        {
            addresses.Add((World.HostName(i), NodeProcess.Port));
        }

        var admin = new AdminProgram(new ClientOptions
        {
            BootstrapServers = addresses,
            ClientId = "admin",
            Seed = 1,
            RequestTimeout = Duration.FromSeconds(60),
        });
        World.AddClient(admin).Start();
        for (var left = _partitions; left > 0; left -= PerTopic)
        {
            var request = new CreateTopicsRequest { TimeoutMs = 30_000 };
            request.Topics.Add(new CreateTopicsRequest.CreatableTopic
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"many-{left / PerTopic}"),
                NumPartitions = Math.Min(left, PerTopic),
                ReplicationFactor = Replicas,
            });
            admin.Do(new AdminTask(ApiKey.CreateTopics, request, IsCreated));
        }

        return Until(within, () => admin.IsIdle && IsLed(Replicas, dead: -1));
    }

    /// <summary>Kills the last node's process; true once the others lead everything.</summary>
    public bool LoseLast(Duration within)
    {
        var last = _kernels.Length - 1;
        World.Nodes[last].Kill();
        _kernels[last] = null;
        return Until(within, () => IsLed(Replicas - 1, dead: last + 1));
    }

    /// <summary>Starts the last node again; true once every ISR is full.</summary>
    public bool ReturnLast(Duration within)
    {
        World.Nodes[^1].Start();
        return Until(within, () => IsLed(Replicas, dead: -1));
    }

    public void Idle(Duration time) => World.Run(World.Now + time);

    private static bool IsCreated(IMessage answer) => ((CreateTopicsResponse)answer).Topics.TrueForAll(topic =>
        (ErrorCode)topic.ErrorCode is ErrorCode.None or ErrorCode.TopicAlreadyExists);

    /// <summary>
    /// What the first node's metadata say, and what the nodes do: a leader is counted only where its broker acts as one.
    /// </summary>
    private bool IsLed(int inSync, int dead)
    {
        var said = 0;
        foreach (var topic in _kernels[0]!.Broker.Metadata.Topics.All)
        {
            foreach (var partition in topic.Partitions)
            {
                said += partition.Leader >= 0 && partition.Leader != dead && partition.Isr.Length >= inSync ? 1 : 0;
            }
        }

        if (said < _partitions)
        {
            return false;
        }

        var acting = 0;
        foreach (var kernel in _kernels)
        {
            foreach (var partition in kernel?.Broker.Partitions.All ?? [])
            {
                acting += partition.IsLeader ? 1 : 0;
            }
        }

        return acting >= _partitions;
    }

    private bool Until(Duration within, Func<bool> isSo)
    {
        var end = World.Now + within;
        while (World.Failure is null && World.Now < end)
        {
            World.Run(World.Now + Glance);
            if (isSo())
            {
                return true;
            }
        }

        return false;
    }

    private NodeStep Make(int number, Effects effects, ulong seed)
    {
        var host = World.HostName(number);
        var voters = new List<PeerAddress>();
        for (var i = 0; i < Controllers; i++)
        {
            voters.Add(new PeerAddress(i + 1, World.HostName(i), ControllerPort));
        }

        var kernel = new Node(
            new NodeOptions
            {
                BrokerId = new BrokerId(number + 1),
                Roles = number < Controllers ? NodeRoles.Both : NodeRoles.Broker,
                Seed = seed,
                ClusterId = ClusterId,
                QuorumVoters = voters,
                Listeners =
                [
                    new ListenerOptions("PLAINTEXT", host, NodeProcess.Port, "PLAINTEXT"),
                    new ListenerOptions("CONTROLLER", host, ControllerPort, "PLAINTEXT") { IsController = true },
                ],
            },
            effects);
        _kernels[number] = kernel;
        return (in Now now, in Input input) =>
        {
            var before = Stopwatch.GetTimestamp();
            kernel.Step(now, input);
            _kernelTicks += Stopwatch.GetTimestamp() - before;
        };
    }
}
