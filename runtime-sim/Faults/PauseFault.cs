using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>pause-node</c>, <c>pause-client</c>: a process stands still while every clock goes on, as under a long
/// collection or a stopped
/// virtual machine. Sessions expire meanwhile, and the process wakes up believing that nothing happened.
/// </summary>
public sealed class PauseFault : IFault
{
    private readonly ValueRange _for;
    private readonly Prng _prng;
    private readonly FaultTimer _timer;
    private readonly bool _ofNodes;
    private readonly Victims? _victims;

    public PauseFault(World world, bool ofNodes, ScenarioLine line, Prng prng)
    {
        _ofNodes = ofNodes;
        _prng = prng;
        _for = line.Range("for", 10_000, 3_000_000);
        _victims = ofNodes && line.Has("at") ? new Victims(line, prng) : null;
        _timer = new FaultTimer(world, this, line.Range("every", 1_000_000, 10_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        var until = world.Now + new Duration(_for.Draw(_prng));
        if (_ofNodes)
        {
            var node = _victims?.Next(world) ?? _prng.Next(world.Nodes.Count);
            if (world.MaySpare(node))
            {
                world.Observe(new Happening(HappeningKind.NodePaused, node));
                world.Nodes[node].Pause(until);
            }
        }
        else if (world.Clients.Count > 0)
        {
            world.Clients[_prng.Next(world.Clients.Count)].Pause(until);
        }

        _timer.Again(world);
    }

    public void End(World world)
    {
    }
}
