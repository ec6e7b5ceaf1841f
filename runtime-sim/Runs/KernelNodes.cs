using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Workloads;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>The one place where the simulator makes a kernel: the same type that runtime-real runs.</summary>
public static class KernelNodes
{
    /// <summary>The step of a fresh node. Its broker id is its number in the world plus one.</summary>
    public static NodeStep Make(int number, SortedDictionary<string, string> properties, Effects effects, ulong seed)
    {
        var host = World.HostName(number);
        var options = new NodeOptions
        {
            BrokerId = new BrokerId(number + 1),
            Seed = seed,
            Listeners = [new ListenerOptions("PLAINTEXT", host, NodeProcess.Port, "PLAINTEXT")],
            Properties = properties,
        };
        return new Node(options, effects).Step;
    }
}
