using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Net;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>stall-connection</c>: one direction of one connection between two nodes stands still for a while, and every other
/// connection between the same two goes on. Then it is delivered, or, with the chance <c>reset=</c>, lost with the connection:
/// a request is carried out and who asked never knows.
/// </summary>
/// <remarks>
/// Inputs   Strike, End
/// Effects  one direction held, delivered or lost
///
/// <c>at=</c> says whose connection, <c>way=out</c> that what it sends is held and <c>way=in</c> that what it hears is, and
/// <c>of=metadata</c> that the connection leads to a controller's listener, <c>of=data</c> that it leads to a broker's. With
/// <c>count=</c> so many stand still at once, each for itself.
///
/// The rule a reader would get wrong: who gives up on a stalled connection is not heard either. The request that it repeats
/// elsewhere, or that its next life never made, arrives all the same when the stall ends.
/// </remarks>
public sealed class StallFault : IFault
{
    private const int Ends = 1;

    private readonly string _way;
    private readonly string _of;
    private readonly ValueRange _for;
    private readonly ValueRange _count;
    private readonly int _reset;
    private readonly Prng _prng;
    private readonly Victims _victims;
    private readonly FaultTimer _timer;
    private readonly List<Socket> _receivers = [];

    public StallFault(World world, ScenarioLine line, Prng prng)
    {
        _prng = prng;
        _victims = new Victims(line, prng);
        _way = line.Text("way", "any");
        _of = line.Text("of", "any");
        if (_way is not ("any" or "in" or "out") || _of is not ("any" or "data" or "metadata"))
        {
            throw line.Error("a connection stands still 'way=any', 'in' or 'out', and is one 'of=any', 'data' or 'metadata'");
        }

        _for = line.Range("for", 100_000, 5_000_000);
        _count = line.Range("count", 1, 1);
        _reset = (int)line.Range("reset", 300_000, 300_000).Draw(prng);
        _timer = new FaultTimer(world, this, line.Range("every", 500_000, 5_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        if (argument == Ends)
        {
            Release(world, mayLose: true);
            _timer.Again(world);
            return;
        }

        var victim = _victims.Next(world);
        var isOutward = _way == "out" || (_way == "any" && _prng.OneIn(2));
        var lasts = _for.Draw(_prng);
        var choice = Choice(world, victim);
        for (var left = _count.Draw(_prng); left > 0 && choice.Count > 0; left--)
        {
            var which = _prng.Next(choice.Count);
            Stall(world, (choice[which].Host == victim) == isOutward ? choice[which].Peer : choice[which]);
            choice.RemoveAt(which);
        }

        if (_receivers.Count == 0)
        {
            _timer.Again(world);
            return;
        }

        _timer.At(world, lasts, Ends);
    }

    public void End(World world) => Release(world, mayLose: false);

    private List<Socket> Choice(World world, int victim)
    {
        var choice = new List<Socket>();
        foreach (var socket in world.Network.Connections())
        {
            var to = socket.Peer;
            var isBetweenNodes = socket.Host < world.Nodes.Count && to.Host != socket.Host;
            var isToBroker = to.Port == NodeProcess.Port && to.Host < world.BrokerCount;
            if (isBetweenNodes && (socket.Host == victim || to.Host == victim) && (_of == "any" || (_of == "data") == isToBroker))
            {
                choice.Add(socket);
            }
        }

        return choice;
    }

    private void Stall(World world, Socket receiver)
    {
        _receivers.Add(receiver);
        SimulatedNetwork.Stall(receiver);
        world.Observe(About(HappeningKind.ConnectionStalled, receiver));
    }

    private void Release(World world, bool mayLose)
    {
        foreach (var receiver in _receivers)
        {
            var isLost = mayLose && _prng.Chance(_reset);
            if (isLost)
            {
                world.Network.Lose(receiver, isHeard: _prng.OneIn(2), world.Now);
            }
            else
            {
                world.Network.Deliver(receiver, world.Now);
            }

            world.Observe(About(isLost ? HappeningKind.ConnectionLost : HappeningKind.ConnectionDelivered, receiver));
        }

        _receivers.Clear();
    }

    /// <summary>By the numbers that the two ends call it by, as the trace does.</summary>
    private static Happening About(HappeningKind kind, Socket receiver) => new(kind, receiver.Peer.Host, receiver.Host)
    {
        Text = FormattableString.Invariant($"connection {receiver.Peer.Label} to n{receiver.Host}, there {receiver.Label}"),
    };
}
