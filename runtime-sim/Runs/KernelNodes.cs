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
    /// <summary>Where controllers and brokers reach the controller listener of a node that is a broker as well.</summary>
    private const int ControllerPort = NodeProcess.Port + 1;

    /// <summary>The one cluster of a world with several nodes, as a format tool would have written it to every disk.</summary>
    private static readonly Uuid Cluster = new(0x5EED, 0xC1A5);

    /// <summary>The step of a fresh node. Its broker id is its number in the world plus one.</summary>
    public static NodeStep Make(
        int number, ClusterShape shape, SortedDictionary<string, string> properties, Effects effects, ulong seed)
    {
        var host = World.HostName(number);
        var isCluster = shape.Nodes > 1;
        var roles = shape.RolesOf(number);
        var listeners = new List<ListenerOptions>();
        if (roles.HasFlag(NodeRoles.Broker))
        {
            listeners.Add(new ListenerOptions("PLAINTEXT", host, NodeProcess.Port, "PLAINTEXT"));
        }

        if (isCluster && roles.HasFlag(NodeRoles.Controller))
        {
            var port = NodeProcess.Port + listeners.Count;
            listeners.Add(new ListenerOptions("CONTROLLER", host, port, "PLAINTEXT") { IsController = true });
        }

        var options = new NodeOptions
        {
            BrokerId = new BrokerId(number + 1),
            Roles = roles,
            Seed = seed,
            ClusterId = isCluster ? Cluster : null,
            QuorumVoters = isCluster ? Voters(shape) : [],
            Listeners = listeners,
            Properties = properties,
        };
        return new Node(options, effects).Step;
    }

    private static List<PeerAddress> Voters(ClusterShape shape)
    {
        var voters = new List<PeerAddress>();
        for (var i = 0; i < shape.Nodes; i++)
        {
            if (shape.RolesOf(i).HasFlag(NodeRoles.Controller))
            {
                var port = shape.Controllers > 0 ? NodeProcess.Port : ControllerPort;
                voters.Add(new PeerAddress(i + 1, World.HostName(i), port));
            }
        }

        return voters;
    }
}
