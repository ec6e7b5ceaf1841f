using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Deterministic.Broker;
using Deterministic.Broker.Apis;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>
/// One broker's configuration, read from Kafka's property names. What the runtime needs is parsed here; everything is
/// passed on to the kernel, which knows the rest.
/// </summary>
internal sealed record BrokerConfiguration
{
    private const string DefaultListener = "PLAINTEXT://localhost:9092";

    public required int NodeId { get; init; }

    public NodeRoles Roles { get; init; } = NodeRoles.Both;

    public required IReadOnlyList<ListenerAddress> Listeners { get; init; }

    /// <summary><c>controller.quorum.voters</c>.</summary>
    public IReadOnlyList<PeerAddress> QuorumVoters { get; init; } = [];

    /// <summary><c>controller.quorum.bootstrap.servers</c>.</summary>
    public IReadOnlyList<PeerAddress> QuorumBootstrapServers { get; init; } = [];

    /// <summary>The cluster a new directory is to belong to; null: its own, drawn.</summary>
    public Uuid? ClusterId { get; init; }

    public required string DataPath { get; init; }

    public required NodeLimits Limits { get; init; }

    /// <summary>Use the portable twins even on Linux.</summary>
    public bool IsPortable { get; init; }

    public string? Rack { get; init; }

    public required SortedDictionary<string, string> Properties { get; init; }

    /// <summary>Names that no broker configuration has; as in Kafka they are told of and ignored.</summary>
    public required IReadOnlyList<string> UnknownNames { get; init; }

    /// <summary>Throws <see cref="StartupException"/> with one sentence that names the bad property.</summary>
    public static BrokerConfiguration From(SortedDictionary<string, string> properties, string? data, bool isPortable)
    {
        var nodeId = Integer(properties, "node.id", Integer(properties, "broker.id", 1, 0), 0);
        var configuration = new BrokerConfiguration
        {
            NodeId = (int)Math.Min(int.MaxValue, nodeId),
            Roles = RolesOf(properties),
            Listeners = ListenerAddress.ParseAll(properties, DefaultListener),
            QuorumVoters = QuorumAddresses.Voters(properties.GetValueOrDefault("controller.quorum.voters") ?? ""),
            QuorumBootstrapServers = QuorumAddresses.Servers(
                properties.GetValueOrDefault("controller.quorum.bootstrap.servers") ?? ""),
            DataPath = data ?? DirectoryOf(properties) ?? DefaultPath(nodeId),
            Limits = LimitsOf(properties),
            IsPortable = isPortable || !OperatingSystem.IsLinux(),
            Rack = properties.GetValueOrDefault("broker.rack"),
            Properties = properties,
            UnknownNames = UnknownNamesOf(properties),
        };
        RefuseBadValues(properties);
        configuration.RefuseContradictions();
        return configuration;
    }

    /// <summary>Each value may be good and all together senseless; said as Kafka says it.</summary>
    private void RefuseContradictions()
    {
        if (Roles.HasFlag(NodeRoles.Broker) && Listeners.All(listener => listener.IsController))
        {
            throw new StartupException("listeners: there is none that clients may use");
        }

        if (!Roles.HasFlag(NodeRoles.Controller) && Listeners.Any(listener => listener.IsController))
        {
            throw new StartupException("listeners: process.roles has no controller, so no controller listener may be in it");
        }

        var selector = Properties.GetValueOrDefault("replica.selector.class") ?? "";
        if (selector is not ("" or ReadReplica.RackAware or ReadReplica.LeaderOnly))
        {
            throw new StartupException(
                $"replica.selector.class: '{selector}' is not known; {ReadReplica.RackAware} lets consumers read in their rack");
        }

        var isVoter = QuorumVoters.Any(voter => voter.NodeId == NodeId);
        if (QuorumVoters.Count > 0 && isVoter != Roles.HasFlag(NodeRoles.Controller))
        {
            throw new StartupException(
                $"controller.quorum.voters {(isVoter ? "names" : "does not name")} node {NodeId}, "
                + "which contradicts process.roles");
        }

        if ((QuorumVoters.Count > 1 || QuorumBootstrapServers.Count > 1)
            && Roles.HasFlag(NodeRoles.Controller)
            && !Listeners.Any(listener => listener.IsController))
        {
            throw new StartupException("controller.listener.names names no listener of this node; its peers need one");
        }
    }

    private static NodeRoles RolesOf(SortedDictionary<string, string> properties)
    {
        if (!properties.TryGetValue("process.roles", out var text))
        {
            return NodeRoles.Both;
        }

        NodeRoles roles = 0;
        foreach (var role in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            roles |= role switch
            {
                "broker" => NodeRoles.Broker,
                "controller" => NodeRoles.Controller,
                _ => throw new StartupException($"process.roles: '{role}' is neither broker nor controller"),
            };
        }

        return roles == 0 ? throw new StartupException("process.roles is empty") : roles;
    }

    /// <summary>The kernel believes what it is told; what Kafka would refuse at its start is refused here.</summary>
    private static void RefuseBadValues(SortedDictionary<string, string> properties)
    {
        foreach (var (name, value) in properties)
        {
            if (ConfigTable.Broker.Find(name) is { } definition && ConfigValue.Refuse(definition, value) is { } why)
            {
                throw new StartupException(why);
            }
        }
    }

    private static List<string> UnknownNamesOf(SortedDictionary<string, string> properties)
    {
        var unknown = new List<string>();
        foreach (var name in properties.Keys)
        {
            if (ConfigTable.Broker.Find(name) is null && !name.StartsWith("listener.name.", StringComparison.Ordinal))
            {
                unknown.Add(name);
            }
        }

        return unknown;
    }

    private static NodeLimits LimitsOf(SortedDictionary<string, string> properties)
    {
        var usual = new NodeLimits();
        var queued = Integer(properties, "queued.max.request.bytes", usual.MaxQueuedRequestBytes, -1);
        return usual with
        {
            MaxRequestBytes = (int)Integer(properties, "socket.request.max.bytes", usual.MaxRequestBytes, 1),
            MaxQueuedRequestBytes = queued <= 0 ? usual.MaxQueuedRequestBytes : queued,
            MaxConnections = (int)Math.Min(
                usual.MaxConnections, Integer(properties, "max.connections", usual.MaxConnections, 0)),
            MaxIdleMs = Integer(properties, "connections.max.idle.ms", usual.MaxIdleMs, -1) is var idle and >= 0
                ? idle
                : long.MaxValue / 2000,
        };
    }

    private static long Integer(SortedDictionary<string, string> properties, string name, long usual, long lowest)
    {
        if (!properties.TryGetValue(name, out var text))
        {
            return usual;
        }

        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            || value < lowest
            || value > int.MaxValue && name != "queued.max.request.bytes" && name != "connections.max.idle.ms")
        {
            throw new StartupException($"{name}={text} is not a whole number from {lowest} on");
        }

        return value;
    }

    private static string? DirectoryOf(SortedDictionary<string, string> properties)
    {
        var text = properties.GetValueOrDefault("log.dirs") ?? properties.GetValueOrDefault("log.dir");
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        return text.Contains(',', StringComparison.Ordinal)
            ? throw new StartupException($"log.dirs={text}: a node has one data directory; run one node for each disk")
            : text.Trim();
    }

    internal static string DefaultPath(long nodeId)
    {
        var home = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        var name = FormattableString.Invariant($"node-{nodeId}");
        return Path.Combine(home.Length > 0 ? home : Directory.GetCurrentDirectory(), "deterministic", name);
    }
}
