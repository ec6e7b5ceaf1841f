namespace Deterministic.Runtime.Real.Hosting;

/// <summary>Every bound of one node's runtime, with its name in the configuration where Kafka has one.</summary>
internal sealed record NodeLimits
{
    /// <summary>socket.request.max.bytes: a longer frame closes the connection.</summary>
    public int MaxRequestBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>
    /// queued.max.request.bytes: all receive memory of the node. Kafka has no limit by default; we do.
    /// </summary>
    public long MaxQueuedRequestBytes { get; init; } = 512L << 20;

    /// <summary>max.connections: further ones are closed at once.</summary>
    public int MaxConnections { get; init; } = 16 * 1024;

    /// <summary>Nothing is read from a connection that has more than this to receive itself.</summary>
    public long MaxOutputBytes { get; init; } = 8L << 20;

    /// <summary>connections.max.idle.ms: a connection on which nothing moved for so long is closed.</summary>
    public long MaxIdleMs { get; init; } = 600_000;

    /// <summary>A connection that sends nothing for so long while it holds receive memory others wait for, or cannot
    /// send its last bytes, is closed.</summary>
    public long MaxStuckMs { get; init; } = 30_000;

    /// <summary>Files open at once; the others are opened again when needed.</summary>
    public int MaxOpenFiles { get; init; } = 2048;

    /// <summary>Frames handed to the kernel before its effects are carried out: what one write can coalesce.</summary>
    public int MaxInputsPerDrain { get; init; } = 512;
}
