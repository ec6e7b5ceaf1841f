namespace Deterministic.Runtime.Sim.Disk;

/// <summary>
/// What one power loss does to everything that was not flushed. Drawn once per loss, so that the extremes happen too.
/// </summary>
public enum PowerLossStyle : byte
{
    /// <summary>Nothing unflushed survives.</summary>
    LoseAll,

    /// <summary>Everything survives: the cache had been written back a moment before.</summary>
    KeepAll,

    /// <summary>Each file and each directory entry has its own fate.</summary>
    Mixed,
}
