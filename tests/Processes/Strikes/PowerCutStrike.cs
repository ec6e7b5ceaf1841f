using System;
using System.IO;
using System.Linq;

namespace Deterministic.Tests.Processes.Strikes;

/// <summary>
/// The power fails for all three nodes at once: each has a disk of its own, all disks lose what was not flushed, all
/// processes die, and everything is started again. Which node is named makes no difference.
/// </summary>
internal sealed class PowerCutStrike : Strike
{
    private readonly CutOffDisk[] _disks;

    private PowerCutStrike(CutOffDisk[] disks)
        : base(new ProcessCluster(Plans((plan, node) => plan with { Data = Path.Combine(disks[node - 1].Mount, "data") }))) =>
        _disks = disks;

    public static PowerCutStrike OnDisks()
    {
        var disks = new CutOffDisk[ProcessCluster.Count];
        try
        {
            for (var disk = 0; disk < disks.Length; disk++)
            {
                disks[disk] = new CutOffDisk();
            }

            return new PowerCutStrike(disks);
        }
        catch
        {
            Array.ForEach(disks, disk => disk?.Dispose());
            throw;
        }
    }

    public override void Hit(int node)
    {
        foreach (var disk in _disks)
        {
            disk.CutPower();
        }

        foreach (var one in Enumerable.Range(1, _disks.Length))
        {
            Cluster.Kill(one);
        }

        foreach (var disk in _disks)
        {
            disk.MountAgain();
        }

        foreach (var one in Enumerable.Range(1, _disks.Length))
        {
            Cluster.Start(one);
        }
    }

    public override void Heal(int node)
    {
        // The power is back when Hit returns.
    }

    public override void Dispose()
    {
        base.Dispose();
        Array.ForEach(_disks, disk => disk.Dispose());
    }
}
