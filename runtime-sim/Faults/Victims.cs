using Deterministic.Broker;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// Whom a fault strikes: <c>at=any</c> (the default), <c>at=controller</c> (who is the active controller), <c>at=leader</c> (who
/// leads most partitions), <c>at=last-isr</c> (who is alone in the ISR of most partitions), <c>at=broker</c> (any broker),
/// <c>at=quorum</c> (any that is a controller). Blind blows mostly fall where nothing hangs on them.
/// </summary>
public sealed class Victims
{
    private readonly string _at;
    private readonly Prng _prng;

    public Victims(ScenarioLine line, Prng prng)
    {
        _prng = prng;
        _at = line.Text("at", "any");
        if (_at is not ("any" or "controller" or "leader" or "last-isr" or "broker" or "quorum"))
        {
            throw line.Error($"'at={_at}' is none of 'any', 'controller', 'leader', 'last-isr', 'broker', 'quorum'");
        }
    }

    /// <summary>The next victim. One number is drawn whoever it is, and now and then chance decides all the same.</summary>
    public int Next(World world)
    {
        var any = _prng.Next(world.Nodes.Count);
        if (_at is "broker" or "quorum")
        {
            var controllers = world.Nodes.Count - world.BrokerCount;
            return _at == "quorum" && controllers > 0 ? world.BrokerCount + (any % controllers) : any % world.BrokerCount;
        }

        if (_at == "any" || _prng.OneIn(4))
        {
            return any;
        }

        var best = any;
        var most = 0;
        foreach (var node in world.Nodes)
        {
            var weight = node.Kernel is Node kernel ? Weight(kernel) : 0;
            if (weight > most)
            {
                most = weight;
                best = node.Host;
            }
        }

        return best;
    }

    private int Weight(Node kernel)
    {
        if (_at == "controller")
        {
            return kernel.Broker.Quorum.IsActive ? 1 : 0;
        }

        var led = 0;
        foreach (var partition in kernel.Broker.Partitions.All)
        {
            led += partition.IsLeader && (_at == "leader" || partition.Isr.Count == 1) ? 1 : 0;
        }

        return led;
    }
}
