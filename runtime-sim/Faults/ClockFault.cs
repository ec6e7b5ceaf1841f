using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>clock-jump</c>: somebody sets a node's wall clock, forwards or back. Its monotonic clock does not notice.
/// </summary>
public sealed class ClockFault : IFault
{
    private readonly ValueRange _by;
    private readonly Prng _prng;
    private readonly FaultTimer _timer;

    public ClockFault(World world, ScenarioLine line, Prng prng)
    {
        _prng = prng;
        _by = line.Range("by", 1_000, 600_000_000);
        _timer = new FaultTimer(world, this, line.Range("every", 2_000_000, 20_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        var node = _prng.Next(world.Nodes.Count);
        var us = _by.Draw(_prng);
        world.Nodes[node].Clock.Jump(_prng.OneIn(2) ? us : -us);
        world.Observe(new Happening(HappeningKind.ClockJumped, node, us));
        _timer.Again(world);
    }

    public void End(World world)
    {
    }
}
