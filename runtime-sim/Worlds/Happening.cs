using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>What the world itself did, as opposed to what clients saw.</summary>
public enum HappeningKind : byte
{
    NodeStarted,
    NodeReady,
    NodeStopped,
    NodeHalted,
    NodeKilled,
    PowerLost,
    NodePaused,
    ClockJumped,
    LinkCut,
    LinkHealed,
    FaultsEnded,
    LinkSlowed,
    DiskWiped,
    DiskTurnedBack,
    DiskRotted,
    ConnectionStalled,
    ConnectionDelivered,
    ConnectionLost,
}

/// <summary>One thing the world did, and to which node.</summary>
public readonly record struct Happening(HappeningKind Kind, int Node, long Argument = 0)
{
    public Instant At { get; init; }

    public string? Text { get; init; }
}
