using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Requests;

namespace Deterministic.Broker.Apis;

/// <summary>What the handlers of group requests have in common.</summary>
internal static class GroupRequests
{
    /// <summary>
    /// What a principal may do with a group, as a bit for each operation (KIP-430). Without an authorizer, everything
    /// there is: READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS.
    /// </summary>
    public const int AllGroupOperations = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

    /// <summary>The sender as groups remember it; the address as Java writes one without a name.</summary>
    public static Caller CallerOf(Exchange exchange) =>
        new(exchange.Header.ClientId ?? "", "/" + exchange.Origin.Peer, exchange.Version);
}
