namespace Deterministic.Perf.Load;

/// <summary>One load: what, how much, how fast. A rate makes the model open, no rate closed.</summary>
internal sealed record LoadOptions
{
    public string Host { get; init; } = "localhost";

    public int Port { get; init; } = 9092;

    public string Topic { get; init; } = "perf";

    public int Partitions { get; init; } = 1;

    public int RecordBytes { get; init; } = 1024;

    public int BatchBytes { get; init; } = 64 * 1024;

    public short Acks { get; init; } = -1;

    /// <summary>Closed model: requests without an answer at once, over all partitions.</summary>
    public int InFlight { get; init; } = 64;

    /// <summary>Open model: requests a second, sent when they are due whatever the answers do. 0 for the closed model.</summary>
    public int Rate { get; init; }

    public double Seconds { get; init; } = 5;

    public long Bytes { get; init; } = 2L << 30;

    /// <summary>The broker's process, whose processor time is measured; 0 where it is not known.</summary>
    public int Pid { get; init; }

    /// <summary>Our own topic configuration; not sent to brokers that do not know it.</summary>
    public string? Durability { get; init; }
}

/// <summary>What a load came to. Latencies are of requests, in milliseconds.</summary>
internal sealed record LoadResult(
    string What, double Megabytes, double Seconds, double CoreSeconds, double P50, double P99, double P999)
{
    public double MegabytesPerSecond => Megabytes / Seconds;

    public double CoreSecondsPerGigabyte => Megabytes == 0 ? 0 : CoreSeconds / (Megabytes / 1000);
}
