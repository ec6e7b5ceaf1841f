using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>Counts what the world did to its nodes.</summary>
public sealed class FaultCounter(Counters counters) : IWorldObserver
{
    public void Happened(World world, in Happening happening)
    {
        var name = happening.Kind switch
        {
            HappeningKind.NodeStarted => "starts",
            HappeningKind.NodeReady => "recoveries",
            HappeningKind.NodeStopped => "fault:stopped",
            HappeningKind.NodeHalted => "fault:halted",
            HappeningKind.NodeKilled => "fault:killed",
            HappeningKind.PowerLost => "fault:power-lost",
            HappeningKind.NodePaused => "fault:paused",
            HappeningKind.ClockJumped => "fault:clock-jumped",
            HappeningKind.LinkCut => "fault:link-cut",
            HappeningKind.LinkHealed => "links-healed",
            HappeningKind.FaultsEnded => "heals",
            HappeningKind.DiskWiped => "fault:disk-wiped",
            HappeningKind.DiskTurnedBack => "fault:disk-turned-back",
            HappeningKind.DiskRotted => "fault:disk-rotted",
            HappeningKind.LinkSlowed => "fault:link-slowed",
            HappeningKind.ConnectionStalled => "fault:connection-stalled",
            HappeningKind.ConnectionDelivered => "connections-delivered",
            HappeningKind.ConnectionLost => "fault:connection-lost",
        };
        counters.Add(name, 1);
    }
}
