using Deterministic.Protocol;

namespace Deterministic.Broker.Controller;

/// <summary>
/// An error code and the sentence that goes with it, in Kafka's words where clients may have come to know them.
/// </summary>
public readonly record struct ApiError(ErrorCode Code, string? Message)
{
    public static readonly ApiError None;

    public bool IsError => Code != ErrorCode.None;
}
