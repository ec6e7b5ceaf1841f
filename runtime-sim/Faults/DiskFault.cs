using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>wipe-disk</c>: a broker is replaced by one with an empty disk, or with <c>at=quorum</c> a controller. <c>old-disk</c>: a
/// broker by one whose disk is a copy made earlier. It comes back under its old id after <c>down=</c>, often before anybody has
/// missed it.
/// </summary>
/// <remarks>
/// Inputs   Strike, End
/// Effects  a node dark, its disk swapped, a node started
///
/// The rule a reader would get wrong: this strikes brokers that do not vote, and only while every replica is in its ISR; or
/// controllers of a quorum that knows its voters by their directories, and only while all of at least three are whole. A voter
/// that forgets its vote breaks any quorum whose voters are static, and a second disk lost before the first is filled again
/// may take records with it: neither is promised to be survived.
/// </remarks>
public sealed class DiskFault : IFault
{
    private const int Starts = 1;
    private const int Looks = 2;
    private const long LookAgainUs = 200_000;

    private readonly bool _isWiped;
    private readonly bool _isOfQuorum;
    private readonly ValueRange _down;
    private readonly Prng _prng;
    private readonly FaultTimer _timer;
    private readonly SortedDictionary<int, List<(string Path, byte[] Bytes)>> _copies = [];
    private int? _dark;

    public DiskFault(World world, bool isWiped, ScenarioLine line, Prng prng)
    {
        _isWiped = isWiped;
        _prng = prng;
        _down = line.Range("down", 10_000, 15_000_000);
        if (world.BrokerCount == world.Nodes.Count)
        {
            throw line.Error("a disk is taken from brokers or controllers, not from both in one: 'cluster' needs 'controllers='");
        }

        var at = line.Text("at", "broker");
        _isOfQuorum = at == "quorum";
        if (at is not ("broker" or "quorum") || (_isOfQuorum && !isWiped))
        {
            throw line.Error("a disk is wiped 'at=broker' or 'at=quorum'; an old one is put into brokers alone");
        }

        _timer = new FaultTimer(world, this, line.Range("every", 3_000_000, 15_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        if (argument == Starts)
        {
            world.Nodes[_dark!.Value].Start();
            _dark = null;
            _timer.Again(world);
            return;
        }

        var controllers = world.Nodes.Count - world.BrokerCount;
        var victim = _isOfQuorum ? world.BrokerCount + _prng.Next(controllers) : _prng.Next(world.BrokerCount);
        var node = world.Nodes[victim];
        if (!_isWiped && !_copies.ContainsKey(victim))
        {
            _copies.Add(victim, node.Disk.Copy());
            _timer.Again(world);
            return;
        }

        var mayStrike = _isOfQuorum ? world.AreVotersWhole : world.IsLevel;
        if (mayStrike is not null && mayStrike() && node is { IsReady: true, Kernel: Node kernel })
        {
            node.SwapDisk(_isWiped ? [] : _copies[victim], kernel.Broker.Membership.BrokerEpoch);
            _copies.Remove(victim);
            _dark = victim;
            _timer.At(world, _down.Draw(_prng), Starts);
            return;
        }

        _timer.At(world, LookAgainUs, Looks);
    }

    public void End(World world)
    {
    }
}
