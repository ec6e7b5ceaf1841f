using Deterministic.Broker;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>
/// <c>rot-disk</c>: a broker dies, by SIGKILL or because its power fails; bits of logs that it had flushed turn over; it starts
/// again after <c>down=</c>.
/// </summary>
/// <remarks>
/// Inputs   Strike, End
/// Effects  a node dark, bits of its disk turned over, a node started
///
/// The rule a reader would get wrong: this strikes only while every replica is in its ISR, so that each partition is damaged on
/// one broker at a time and two others hold everything: nothing that was acknowledged may be missing afterwards. And it strikes
/// only where a broker can see it (<see cref="RottenPlaces"/>): below the recovery point that is on the disk, in the segment
/// that a recovery reads.
/// </remarks>
public sealed class RotFault : IFault
{
    private const int Starts = 1;
    private const int Looks = 2;
    private const long LookAgainUs = 200_000;

    private readonly ValueRange _down;
    private readonly Prng _prng;
    private readonly FaultTimer _timer;
    private readonly Victims _victims;
    private int _dark;

    public RotFault(World world, ScenarioLine line, Prng prng)
    {
        _prng = prng;
        _down = line.Range("down", 10_000, 10_000_000);
        _victims = new Victims(line, prng);
        _timer = new FaultTimer(world, this, line.Range("every", 1_000_000, 8_000_000), prng);
    }

    public void Strike(World world, int argument)
    {
        if (argument == Starts)
        {
            world.Nodes[_dark].Start();
            _timer.Again(world);
            return;
        }

        var victim = _victims.Next(world) % world.BrokerCount;
        if (world.IsLevel is not { } isLevel || !isLevel()
            || world.Nodes[victim] is not { IsReady: true, Kernel: Node kernel } node)
        {
            _timer.At(world, LookAgainUs, Looks);
            return;
        }

        var brokerEpoch = kernel.Broker.Membership.BrokerEpoch;
        if (_prng.OneIn(2))
        {
            node.LosePower();
        }
        else
        {
            node.Kill();
        }

        // What the crash left decides: the recovery point that the broker will find is the one that counts.
        foreach (var (path, position) in RottenPlaces.Draw(node.Disk, _prng))
        {
            node.Rot(path, position, _prng.Next(8), brokerEpoch);
        }

        _dark = victim;
        _timer.At(world, _down.Draw(_prng), Starts);
    }

    public void End(World world)
    {
    }
}
