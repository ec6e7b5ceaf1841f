using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Runtime.Sim.Net;

/// <summary>How the network behaves when nobody cuts it. Chances are in parts per million.</summary>
public sealed record NetworkOptions
{
    /// <summary>One way, per segment; segments of one direction never overtake each other.</summary>
    public Latency OneWay { get; init; } = new(20, 300, 2_000, 40_000);

    /// <summary>A frame is cut into several segments at random places, the length prefix included; per frame.</summary>
    public int Cut { get; init; } = 100_000;

    /// <summary>A connection is reset, and what was under way on it is gone; per segment.</summary>
    public int Reset { get; init; }

    /// <summary>A segment is lost and sent again: the direction stalls; per segment.</summary>
    public int Stall { get; init; } = 1_000;

    public Latency StallFor { get; init; } = new(200_000, 1_000_000);

    /// <summary>A frame longer than this closes the connection, as <c>socket.request.max.bytes</c> does.</summary>
    public int MaxFrameBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>How long an attempt to connect to a host without power, or behind a partition, takes to fail.</summary>
    public Latency DialTimeout { get; init; } = new(1_000_000, 10_000_000);
}

/// <summary>How often each fault of the network really happened.</summary>
public sealed class NetworkFaults
{
    public int Cuts { get; set; }

    public int Resets { get; set; }

    public int Stalls { get; set; }

    public int Partitions { get; set; }

    public int HalfOpens { get; set; }
}
