using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>power-loss-in-cut</c>: whoever begins to cut a log loses its power <c>after=</c> a moment, so that the cut is done by half;
/// it starts again after <c>down=</c>.
/// </summary>
/// <remarks>
/// Inputs   Strike, End, probe points that nodes reach
/// Effects  a node dark, a node started
///
/// Cuts take milliseconds and are rare: a blow that falls blindly hardly ever meets one.
/// </remarks>
public sealed class CutFault : IFault
{
    private const int Strikes = 1;
    private const int Starts = 2;

    private readonly ValueRange _after;
    private readonly ValueRange _down;
    private readonly Prng _prng;
    private readonly FaultTimer _timer;
    private bool _isArmed;
    private int _victim;

    public CutFault(World world, ScenarioLine line, Prng prng)
    {
        _prng = prng;
        _after = line.Range("after", 1, 30_000);
        _down = line.Range("down", 10_000, 1_000_000);
        _timer = new FaultTimer(world, this, line.Range("every", 100_000, 2_000_000), prng);
        world.WhenReached += (node, point) => Reached(world, node, point);
    }

    public void Strike(World world, int argument)
    {
        switch (argument)
        {
            case Strikes when world.Nodes[_victim].IsUp && world.MaySpare(_victim):
                world.Nodes[_victim].LosePower();
                _timer.At(world, _down.Draw(_prng), Starts);
                break;
            case Starts:
                world.Nodes[_victim].Start();
                _timer.Again(world);
                break;
            default:
                _isArmed = true;
                break;
        }
    }

    public void End(World world) => world.WhenReached = null;

    private void Reached(World world, int node, ProbePoint point)
    {
        if (_isArmed && point == ProbePoint.LogTruncated)
        {
            _isArmed = false;
            _victim = node;
            _timer.At(world, _after.Draw(_prng), Strikes);
        }
    }
}
