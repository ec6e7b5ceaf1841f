using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>slow-link</c>: what one node sends to the other nodes, what it hears from them, or both, takes <c>by=</c> longer for a
/// while. Nothing is lost, and nobody is told.
/// </summary>
public sealed class SlowLinkFault : IFault
{
    private const int Ends = 1;

    private readonly ValueRange _for;
    private readonly ValueRange _by;
    private readonly Prng _prng;
    private readonly Victims _victims;
    private readonly FaultTimer _timer;
    private int? _slow;

    public SlowLinkFault(World world, ScenarioLine line, Prng prng)
    {
        _prng = prng;
        _victims = new Victims(line, prng);
        _for = line.Range("for", 500_000, 10_000_000);
        _by = line.Range("by", 50_000, 2_000_000);
        _timer = new FaultTimer(world, this, line.Range("every", 1_000_000, 10_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        if (argument == Ends)
        {
            End(world);
            _timer.Again(world);
            return;
        }

        var victim = _victims.Next(world);
        var most = _by.Draw(_prng);
        var latency = new Latency(most / 2, most, 0, most);
        var way = _prng.Next(3);
        foreach (var other in world.Nodes)
        {
            if (other.Host != victim && way != 1)
            {
                world.Network.Slow(victim, other.Host, latency);
            }

            if (other.Host != victim && way != 2)
            {
                world.Network.Slow(other.Host, victim, latency);
            }
        }

        _slow = victim;
        world.Observe(new Happening(HappeningKind.LinkSlowed, victim, most));
        _timer.At(world, _for.Draw(_prng), Ends);
    }

    public void End(World world)
    {
        if (_slow is { } victim)
        {
            _slow = null;
            foreach (var other in world.Nodes)
            {
                world.Network.Slow(victim, other.Host, null);
                world.Network.Slow(other.Host, victim, null);
            }
        }
    }
}
