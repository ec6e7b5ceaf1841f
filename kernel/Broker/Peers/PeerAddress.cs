using System.Globalization;

namespace Deterministic.Broker.Peers;

/// <summary>
/// Where a node can be reached. <see cref="NodeId"/> is -1 for a bootstrap server, whose id is not known until it says so.
/// </summary>
public readonly record struct PeerAddress(int NodeId, string Host, int Port)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port} (id: {NodeId})");
}
