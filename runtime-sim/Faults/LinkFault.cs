using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Net;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>cut-link</c>: the link between a client and a node, or between two nodes, is cut for a while, in one direction or both;
/// or only clogged, so that everything on it is late together.
/// </summary>
public sealed class LinkFault : IFault
{
    private readonly ValueRange _for;
    private readonly Prng _prng;
    private readonly FaultTimer _timer;
    private readonly bool _betweenNodes;
    private (int Node, int Client)? _cut;

    public LinkFault(World world, ScenarioLine line, Prng prng)
    {
        _prng = prng;
        _betweenNodes = line.Text("between", "") == "nodes";
        _for = line.Range("for", 50_000, 5_000_000);
        _timer = new FaultTimer(world, this, line.Range("every", 1_000_000, 10_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        if (argument == 1)
        {
            Join(world);
            _timer.Again(world);
            return;
        }

        if (_cut is not null || (_betweenNodes ? world.Nodes.Count < 2 : world.Clients.Count == 0))
        {
            return;
        }

        var first = _prng.Next(world.Nodes.Count);
        IProcess node = world.Nodes[first];
        IProcess client = _betweenNodes
            ? world.Nodes[(first + 1 + _prng.Next(world.Nodes.Count - 1)) % world.Nodes.Count]
            : world.Clients[_prng.Next(world.Clients.Count)];
        var lasts = _for.Draw(_prng);
        if (_prng.OneIn(4))
        {
            world.Network.Clog(node.Host, client.Host, world.Now + new Duration(lasts));
            _timer.Again(world);
            return;
        }

        var which = _prng.Next(3);
        if (which != 0)
        {
            world.Network.Block(node.Host, client.Host);
        }

        if (which != 1)
        {
            world.Network.Block(client.Host, node.Host);
        }

        _cut = (node.Host, client.Host);
        world.Observe(new Happening(HappeningKind.LinkCut, node.Host, client.Host));
        _timer.At(world, lasts, 1);
    }

    public void End(World world) => Join(world);

    private void Join(World world)
    {
        if (_cut is { } cut)
        {
            _cut = null;
            world.Network.Unblock(cut.Node, cut.Client, world.Now);
            world.Network.Unblock(cut.Client, cut.Node, world.Now);
            world.Observe(new Happening(HappeningKind.LinkHealed, cut.Node, cut.Client));
        }
    }
}
