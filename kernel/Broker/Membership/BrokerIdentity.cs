using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Primitives;

namespace Deterministic.Broker.Membership;

/// <summary>Who a broker says it is when it registers.</summary>
/// <param name="Id"><c>node.id</c>.</param>
/// <param name="IncarnationId">Drawn anew for every life of the process: tells a restart from a repeated request.</param>
/// <param name="Endpoints">Advertised listeners that clients and brokers may use.</param>
/// <param name="Rack"><c>broker.rack</c>.</param>
/// <param name="DirectoryId">The one log directory (KIP-858).</param>
public sealed record BrokerIdentity(
    BrokerId Id, Uuid IncarnationId, IReadOnlyList<Endpoint> Endpoints, string? Rack, Uuid DirectoryId);
