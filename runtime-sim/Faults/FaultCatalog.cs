using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>Every fault a scenario can ask for, by name.</summary>
public static class FaultCatalog
{
    /// <summary>Makes the fault of one <c>fault</c> line and gives it its first turn.</summary>
    public static void Add(World world, ScenarioLine line, Prng prng)
    {
        var name = line.Word("a fault's name");
        _ = name switch
        {
            "kill-node" => new NodeFault(world, NodeFaultKind.Kill, line, prng) as IFault,
            "power-loss" => new NodeFault(world, NodeFaultKind.PowerLoss, line, prng),
            "power-loss-all" => new NodeFault(world, NodeFaultKind.PowerLossAll, line, prng),
            "power-loss-in-cut" => new CutFault(world, line, prng),
            "restart-node" => new NodeFault(world, NodeFaultKind.Restart, line, prng),
            "pause-node" => new PauseFault(world, ofNodes: true, line, prng),
            "pause-client" => new PauseFault(world, ofNodes: false, line, prng),
            "clock-jump" => new ClockFault(world, line, prng),
            "isolate-node" => new IsolationFault(world, IsolationFault.Cut.One, line, prng),
            "halves" => new IsolationFault(world, IsolationFault.Cut.Halves, line, prng),
            "bridge" => new IsolationFault(world, IsolationFault.Cut.Bridge, line, prng),
            "wipe-disk" => new DiskFault(world, isWiped: true, line, prng),
            "old-disk" => new DiskFault(world, isWiped: false, line, prng),
            "rot-disk" => new RotFault(world, line, prng),
            "slow-link" => new SlowLinkFault(world, line, prng),
            "stall-connection" => new StallFault(world, line, prng),
            "cut-link" => new LinkFault(world, line, prng),
            _ => throw line.Error($"there is no fault '{name}'"),
        };
        line.End();
    }
}
