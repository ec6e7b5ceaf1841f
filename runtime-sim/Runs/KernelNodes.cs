using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Peers;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
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

    /// <summary>No clock is read before a world begins.</summary>
    private const long FormattedAtMs = 1_700_000_000_000;

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
            QuorumVoters = isCluster && shape.FirstVoters == 0 ? Controllers(shape) : [],
            QuorumBootstrapServers = shape.FirstVoters > 0 ? Controllers(shape) : [],
            Listeners = listeners,
            Properties = properties,
            Rack = shape.RackOf(number),
        };
        return new Node(options, effects).Step;
    }

    /// <summary>
    /// What a format tool leaves on the empty disk of a first voter whose quorum may change; nothing on any other.
    /// </summary>
    public static void Format(int number, ClusterShape shape, SimulatedDisk disk)
    {
        if (number < shape.FirstController || number >= shape.FirstController + shape.FirstVoters)
        {
            return;
        }

        var voters = new List<Voter>();
        foreach (var address in Controllers(shape)[..shape.FirstVoters])
        {
            voters.Add(new Voter(address.NodeId, Directory(address.NodeId), address.Host, address.Port));
        }

        disk.Place(FirstSnapshot.Path, FirstSnapshot.Of(new VoterSet(voters), FormattedAtMs));
        disk.Place(MetaProperties.FileName, new MetaProperties(Cluster, number + 1, Directory(number + 1)).ToBytes());
    }

    /// <summary>Where the controller listener of a node is.</summary>
    public static PeerAddress ControllerAt(int number, ClusterShape shape) =>
        new(number + 1, World.HostName(number), shape.Controllers > 0 ? NodeProcess.Port : ControllerPort);

    private static Uuid Directory(int node) => new(0xD15C, (ulong)node);

    private static List<PeerAddress> Controllers(ClusterShape shape)
    {
        var controllers = new List<PeerAddress>();
        for (var i = shape.FirstController; i < shape.Nodes; i++)
        {
            controllers.Add(ControllerAt(i, shape));
        }

        return controllers;
    }
}
