namespace Deterministic.Tests.Processes;

/// <summary>What one node of a cluster of processes is, and where it lives.</summary>
internal sealed record NodePlan(bool IsKafka)
{
    /// <summary>Beside being a broker.</summary>
    public bool IsController { get; init; } = true;

    /// <summary>The address it listens at.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>A program and its arguments that the node is started by, such as one that enters a namespace.</summary>
    public string[] Below { get; init; } = [];

    /// <summary>A directory that outlives the cluster; null for one of the cluster's.</summary>
    public string? Data { get; init; }

    /// <summary>Further lines of its properties.</summary>
    public string[] Settings { get; init; } = [];
}
