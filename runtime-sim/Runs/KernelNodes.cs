using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Workloads;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>The one place where the simulator makes a kernel: the same type that runtime-real runs.</summary>
public static class KernelNodes
{
    /// <summary>Where controllers and brokers reach a node's controller listener, in a cluster of several.</summary>
    private const int ControllerPort = NodeProcess.Port + 1;

    /// <summary>The one cluster of a world with several nodes, as a format tool would have written it to every disk.</summary>
    private static readonly Uuid Cluster = new(0x5EED, 0xC1A5);

    /// <summary>The step of a fresh node. Its broker id is its number in the world plus one.</summary>
    public static NodeStep Make(
        int number, int nodes, SortedDictionary<string, string> properties, Effects effects, ulong seed)
    {
        var host = World.HostName(number);
        var forClients = new ListenerOptions("PLAINTEXT", host, NodeProcess.Port, "PLAINTEXT");
        var isCluster = nodes > 1;
        var options = new NodeOptions
        {
            BrokerId = new BrokerId(number + 1),
            Seed = seed,
            ClusterId = isCluster ? Cluster : null,
            QuorumVoters = isCluster ? Voters(nodes) : [],
            Listeners = isCluster
                ? [forClients, new ListenerOptions("CONTROLLER", host, ControllerPort, "PLAINTEXT") { IsController = true }]
                : [forClients],
            Properties = properties,
        };
        return new Node(options, effects).Step;
    }

    private static List<PeerAddress> Voters(int nodes)
    {
        var voters = new List<PeerAddress>();
        for (var i = 0; i < nodes; i++)
        {
            voters.Add(new PeerAddress(i + 1, World.HostName(i), ControllerPort));
        }

        return voters;
    }
}
