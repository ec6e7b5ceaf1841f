namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>Who asks, as far as a group wants to know.</summary>
public readonly record struct Caller(string ClientId, string ClientHost, short ApiVersion);
