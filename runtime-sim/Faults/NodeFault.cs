using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>How a node goes down.</summary>
public enum NodeFaultKind : byte
{
    /// <summary><c>kill-node</c>: SIGKILL. The host's cache survives.</summary>
    Kill,

    /// <summary><c>power-loss</c>: the host goes dark, and with it everything that was not flushed.</summary>
    PowerLoss,

    /// <summary><c>restart-node</c>: asked to stop in good order.</summary>
    Restart,

    /// <summary><c>power-loss-all</c>: every host at once.</summary>
    PowerLossAll,
}

/// <summary>
/// Takes a node down now and then and starts it again. Now and then the next blow falls while the node is still
/// recovering from the one before: start-up code is where crashes meet crashes.
/// </summary>
public sealed class NodeFault : IFault
{
    private readonly NodeFaultKind _kind;
    private readonly ValueRange _down;
    private readonly Prng _prng;
    private readonly FaultTimer _timer;
    private readonly int _soonAgain;
    private readonly Victims? _victims;
    private bool _isDown;
    private int _victim;

    public NodeFault(World world, NodeFaultKind kind, ScenarioLine line, Prng prng)
    {
        _kind = kind;
        _prng = prng;
        var every = line.Range("every", 1_000_000, 6_000_000);
        _down = line.Range("down", 10_000, 2_000_000);
        _soonAgain = (int)line.Range("again", 300_000, 300_000).Draw(prng);
        _victims = line.Has("at") ? new Victims(line, prng) : null;
        _timer = new FaultTimer(world, this, every, prng);
    }

    public int Strikes { get; private set; }

    public void Strike(World world, int argument)
    {
        if (argument == 1)
        {
            _isDown = false;
            StartAll(world);
            if (_prng.Chance(_soonAgain))
            {
                _timer.At(world, _prng.Between(10, 60_000), 2);
            }

            return;
        }

        if (argument == 0)
        {
            _timer.Again(world);
        }

        if (_isDown)
        {
            return;
        }

        _victim = _victims?.Next(world) ?? _prng.Next(world.Nodes.Count);
        if (!world.MaySpare(_victim))
        {
            return;
        }

        Strikes++;
        _isDown = true;
        TakeDown(world);
        _timer.At(world, _down.Draw(_prng), 1);
    }

    public void End(World world) => _isDown = false;

    private void TakeDown(World world)
    {
        switch (_kind)
        {
            case NodeFaultKind.Kill:
                world.Nodes[_victim].Kill();
                break;
            case NodeFaultKind.PowerLoss:
                world.Nodes[_victim].LosePower();
                break;
            case NodeFaultKind.Restart:
                world.Nodes[_victim].AskToStop();
                break;
            default:
                foreach (var node in world.Nodes)
                {
                    node.LosePower();
                }

                break;
        }
    }

    private static void StartAll(World world)
    {
        foreach (var node in world.Nodes)
        {
            node.Start();
        }
    }
}
