using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>When a fault strikes: again and again, so long after the strike before.</summary>
public sealed class FaultTimer
{
    private readonly ValueRange _every;
    private readonly Prng _prng;
    private readonly int _index;

    /// <summary>Registers the fault with the world and gives it its first turn.</summary>
    public FaultTimer(World world, IFault fault, ValueRange every, Prng prng)
    {
        _every = every;
        _prng = prng;
        _index = world.AddFault(fault);
        Again(world);
    }

    /// <summary>Schedules the next regular strike.</summary>
    public void Again(World world) => At(world, _every.Draw(_prng), 0);

    /// <summary>Schedules a turn of the fault's own.</summary>
    public void At(World world, long inUs, int argument) =>
        world.Queue.Add(world.Now + new Duration(inUs), new WorldEvent(WorldEventKind.Fault, _index, argument));
}
