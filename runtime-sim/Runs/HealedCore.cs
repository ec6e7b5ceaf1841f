using System;
using Deterministic.Broker;
using Deterministic.Broker.Metadata;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>
/// <c>core at=any|broker|quorum</c>: when the faults end, one node stays dead until all work is done. Whoever is left must be
/// able to end it: a cluster that comes to rest only when everybody is well has proved little.
/// </summary>
/// <remarks>
/// The rule a reader would get wrong: not every node can be spared. Nobody can go on without a broker beside whom nobody of an
/// ISR lives at the moment, one aside that would go if a move were taken back; among those who can be spared, chance decides.
/// </remarks>
internal sealed class HealedCore
{
    private readonly World _world;

    public HealedCore(World world, ScenarioLine line, Prng prng)
    {
        _world = world;
        var at = line.Text("at", "any");
        line.End();
        if (at is not ("any" or "broker" or "quorum"))
        {
            throw line.Error($"'at={at}' is none of 'any', 'broker', 'quorum'");
        }

        var first = prng.Next(world.Nodes.Count);
        for (var i = 0; i < world.Nodes.Count && Outsider < 0; i++)
        {
            var host = (first + i) % world.Nodes.Count;
            var isBroker = host < world.BrokerCount;
            var isMeant = at == "any" || (at == "broker" && isBroker)
                || (at == "quorum" && (!isBroker || world.BrokerCount == world.Nodes.Count));
            if (isMeant && CanBeSpared(host))
            {
                Outsider = host;
            }
        }
    }

    /// <summary>Who stays dead; -1 where nobody can be spared.</summary>
    public int Outsider { get; } = -1;

    /// <summary>The work is done: it may come back.</summary>
    public void Complete()
    {
        if (Outsider >= 0)
        {
            _world.StartNode(Outsider, _world.Now);
        }
    }

    /// <summary>The latest metadata that any node has.</summary>
    public static MetadataImage? Newest(World world)
    {
        MetadataImage? newest = null;
        foreach (var node in world.Nodes)
        {
            if (node.Kernel is Node { Broker.Metadata: var image } && (newest is null || image.LastOffset > newest.LastOffset))
            {
                newest = image;
            }
        }

        return newest;
    }

    private bool CanBeSpared(int host)
    {
        if (Newest(_world) is not { } newest)
        {
            return false;
        }

        foreach (var topic in newest.Topics.All)
        {
            foreach (var partition in topic.Partitions)
            {
                if (Array.IndexOf(partition.Replicas, host + 1) >= 0
                    && (partition.Replicas.Length < 3 || !Array.Exists(partition.Isr, member => IsHere(member, host)
                        && Array.IndexOf(partition.AddingReplicas, member) < 0)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Another that lives: who is dead by now may leave the ISR before it is back.</summary>
    private bool IsHere(int member, int outsider) =>
        member != outsider + 1 && _world.Nodes[member - 1] is { IsReady: true } node && node.BusyUntil <= _world.Now;
}
