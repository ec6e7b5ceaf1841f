using System.Text.RegularExpressions;

namespace Deterministic.Tests.Processes.Tools;

/// <summary>
/// One run of one of Kafka's tools. "BROKERS" and "CONTROLLERS" in the arguments stand for a cluster's listeners, "FILE" for a
/// file with the act's input.
/// </summary>
internal sealed record ToolAct(string Tool, params string[] Arguments)
{
    /// <summary>What is written into FILE.</summary>
    public string? Input { get; init; }

    /// <summary>What it is typed.</summary>
    public string? Stdin { get; init; }

    /// <summary>What may be different in the output: numbers and ids that each cluster has for itself.</summary>
    public Regex? Free { get; init; }

    /// <summary>Lines have no order of their own.</summary>
    public bool IsUnordered { get; init; }

    /// <summary>It only looks: it may be asked again until what came before is in effect everywhere.</summary>
    public bool IsReading { get; init; }

    /// <summary>Why the two may differ here, or null where they may not.</summary>
    public string? Accepted { get; init; }

    public override string ToString() => Tool[(Tool.LastIndexOf('.') + 1)..] + " " + string.Join(' ', Arguments);
}
