using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>isolate-node</c>: one node is cut off from all other nodes, while clients still reach it; with <c>way=in</c> it only hears
/// nothing, with <c>way=out</c> it only is not heard. <c>halves</c>: the nodes fall apart into two halves, the victim in the
/// smaller. <c>bridge</c>: two halves that hear each other only through one node.
/// </summary>
/// <remarks>
/// Inputs   Strike, End
/// Effects  links blocked and joined again
///
/// The rule a reader would get wrong: joining takes away only the blocks that this fault made, one by one, so another fault's cut
/// of the same link ends with it: who heals first heals for both.
/// </remarks>
public sealed class IsolationFault : IFault
{
    private const int Joins = 1;

    private readonly Cut _cut;
    private readonly string _way;
    private readonly ValueRange _for;
    private readonly Prng _prng;
    private readonly Victims _victims;
    private readonly FaultTimer _timer;
    private readonly List<(int From, int To)> _blocked = [];
    private readonly List<int> _cutOff = [];

    public IsolationFault(World world, Cut cut, ScenarioLine line, Prng prng)
    {
        _cut = cut;
        _prng = prng;
        _victims = new Victims(line, prng);
        _way = line.Text("way", "any");
        if (_way is not ("any" or "both" or "in" or "out") || (cut == Cut.Bridge && _way != "any"))
        {
            throw line.Error($"'way={_way}' is none of 'any', 'both', 'in' and 'out', or this fault has no way");
        }

        _for = line.Range("for", 100_000, 8_000_000);
        _timer = new FaultTimer(world, this, line.Range("every", 1_000_000, 10_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        if (argument == Joins)
        {
            Join(world);
            _timer.Again(world);
            return;
        }

        var least = _cut == Cut.Bridge ? 3 : 2;
        if (_blocked.Count > 0 || world.Nodes.Count < least)
        {
            return;
        }

        var victim = _victims.Next(world);
        if (!world.MaySpare(victim))
        {
            _timer.Again(world);
            return;
        }

        if (_cut == Cut.Bridge)
        {
            Bridge(world, victim);
        }
        else
        {
            CutOff(world, victim, _cut == Cut.One ? 1 : world.Nodes.Count / 2);
        }

        world.Observe(new Happening(HappeningKind.LinkCut, victim, _blocked.Count));
        _timer.At(world, _for.Draw(_prng), Joins);
    }

    public void End(World world) => Join(world);

    /// <summary>One node, and beside it as many others as wanted, drawn by chance, as far as the budget goes.</summary>
    private void CutOff(World world, int victim, int wanted)
    {
        world.CutOff.Add(victim);
        _cutOff.Add(victim);
        for (var others = world.Nodes.Count - 1; others > 0 && _cutOff.Count < wanted; others--)
        {
            var another = _prng.Next(world.Nodes.Count);
            if (!_cutOff.Contains(another) && world.MaySpare(another))
            {
                world.CutOff.Add(another);
                _cutOff.Add(another);
            }
        }

        var way = _way == "any" ? _prng.Next(3) : _way switch { "both" => 0, "in" => 1, _ => 2 };
        for (var other = 0; other < world.Nodes.Count; other++)
        {
            if (!_cutOff.Contains(other))
            {
                Part(world, other, way);
            }
        }
    }

    /// <summary>Nothing passes between this node and those that are cut off; or only in one direction.</summary>
    private void Part(World world, int other, int way)
    {
        foreach (var node in _cutOff)
        {
            if (way != 1)
            {
                Block(world, node, other);
            }

            if (way != 2)
            {
                Block(world, other, node);
            }
        }
    }

    /// <summary>The nodes beside the bridge, in turn to one half and to the other.</summary>
    private void Bridge(World world, int bridge)
    {
        for (var i = 1; i < world.Nodes.Count; i++)
        {
            for (var j = i + 1; j < world.Nodes.Count; j += 2)
            {
                var one = (bridge + i) % world.Nodes.Count;
                var other = (bridge + j) % world.Nodes.Count;
                Block(world, one, other);
                Block(world, other, one);
            }
        }
    }

    private void Block(World world, int from, int to)
    {
        world.Network.Block(from, to);
        _blocked.Add((from, to));
    }

    private void Join(World world)
    {
        if (_blocked.Count == 0)
        {
            return;
        }

        foreach (var (from, to) in _blocked)
        {
            world.Network.Unblock(from, to, world.Now);
        }

        world.Observe(new Happening(HappeningKind.LinkHealed, _blocked[0].From, _blocked.Count));
        _blocked.Clear();
        world.CutOff.ExceptWith(_cutOff);
        _cutOff.Clear();
    }

    /// <summary>How the links between nodes are cut.</summary>
    public enum Cut : byte
    {
        One,
        Halves,
        Bridge,
    }
}
