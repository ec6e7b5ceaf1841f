using System;
using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;

namespace Deterministic.Broker;

/// <summary>
/// One listener: the name and security protocol of Kafka's <c>listeners</c>, and the address told to clients.
/// </summary>
public sealed record ListenerOptions(string Name, string AdvertisedHost, int AdvertisedPort, string SecurityProtocol)
{
    /// <summary>
    /// One of <c>controller.listener.names</c>: brokers and other controllers use it, clients do not, and it is served from
    /// the moment the metadata quorum's files are read.
    /// </summary>
    public bool IsController { get; init; }
}

/// <summary>What a node is to its cluster: <c>process.roles</c>.</summary>
[Flags]
public enum NodeRoles : byte
{
    Broker = 1,
    Controller = 2,
    Both = Broker | Controller,
}

/// <summary>Everything a node is told before its first step. Same options, same inputs: same effects.</summary>
public sealed class NodeOptions
{
    /// <summary><c>node.id</c>.</summary>
    public BrokerId BrokerId { get; init; } = new(1);

    public NodeRoles Roles { get; init; } = NodeRoles.Both;

    /// <summary>
    /// <c>controller.quorum.voters</c>; empty where the directory says who votes, or where this node is the only one.
    /// </summary>
    public IReadOnlyList<PeerAddress> QuorumVoters { get; init; } = [];

    /// <summary><c>controller.quorum.bootstrap.servers</c>, each with node id -1.</summary>
    public IReadOnlyList<PeerAddress> QuorumBootstrapServers { get; init; } = [];

    /// <summary>Seed of the node's generator: ids of members, topics and incarnations are drawn from it.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Cluster id for a directory that has none yet; drawn from the seed where this is null.</summary>
    public Uuid? ClusterId { get; init; }

    /// <summary><c>broker.rack</c>.</summary>
    public string? Rack { get; init; }

    /// <summary>In the order in which the runtime numbers them.</summary>
    public IReadOnlyList<ListenerOptions> Listeners { get; init; } =
        [new ListenerOptions("PLAINTEXT", "localhost", 9092, "PLAINTEXT")];

    /// <summary>
    /// Absolute path of the data directory, told to clients by DescribeLogDirs; never opened by the kernel.
    /// </summary>
    public string LogDirectoryName { get; init; } = "data";

    /// <summary>Broker properties by Kafka's names, as <c>server.properties</c> has them.</summary>
    public SortedDictionary<string, string> Properties { get; init; } = new(StringComparer.Ordinal);
}
