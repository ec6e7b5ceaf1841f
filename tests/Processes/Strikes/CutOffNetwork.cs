using System;
using System.Globalization;
using System.Linq;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes.Strikes;

/// <summary>
/// A network namespace for each of three nodes, joined by a bridge on which this process listens, too. Cut off, a node's
/// packets vanish: no connection breaks, and nobody is told.
/// </summary>
/// <remarks>One direction between two nodes is cut by a neighbour entry with an address that nobody has, so that neither
/// a packet filter nor a module of the kernel is needed; a node as a whole by taking its end off the bridge.</remarks>
internal sealed class CutOffNetwork : IDisposable
{
    private const string Nobody = "02:00:00:00:00:fe";
    private static readonly int Own = Environment.ProcessId;

    private readonly int _nodes;

    public CutOffNetwork(int nodes)
    {
        _nodes = nodes;
        try
        {
            Make();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Why no such network can be made here; null where it can.</summary>
    public static string? WhyNot => Reason.Value;

    private static Lazy<string?> Reason { get; } = new(() =>
    {
        if (LinuxFactAttribute.WhyNot(root: true, "ip") is { } missing)
        {
            return missing;
        }

        try
        {
            new CutOffNetwork(1).Dispose();
            return null;
        }
        catch (Xunit.Sdk.XunitException)
        {
            return "this machine does not let root make network namespaces and a bridge";
        }
    });

    private static string Bridge => Text($"dtb{Own}");

    public static string Address(int node) => Text($"10.213.{Own % 250}.{node}");

    /// <summary>What a program is started by to live where this node does.</summary>
    public static string[] Below(int node) => ["ip", "netns", "exec", Space(node)];

    /// <summary>Nothing comes to this node, nothing leaves it: not from nodes, not from clients.</summary>
    public static void Isolate(int node) => Ip("link", "set", Cable(node), "nomaster");

    /// <summary>Clients reach this node as before; what it sends to the other nodes is lost.</summary>
    public void Mute(int node)
    {
        foreach (var other in Others(node))
        {
            Cut(node, other);
        }
    }

    /// <summary>Clients reach this node as before; nothing passes between it and the other nodes.</summary>
    public void CutFromNodes(int node)
    {
        foreach (var other in Others(node))
        {
            Cut(node, other);
            Cut(other, node);
        }
    }

    /// <summary>Ends whatever was done to this node.</summary>
    public void Heal(int node)
    {
        Ip("link", "set", Cable(node), "master", Bridge);
        foreach (var other in Others(node))
        {
            Restore(node, other);
            Restore(other, node);
        }
    }

    public void Dispose()
    {
        // A namespace goes some time after its name: the cable is taken out first, for the next network has the same names.
        for (var node = 1; node <= _nodes; node++)
        {
            new Tool("ip", "link", "del", Cable(node)).Run();
            new Tool("ip", "netns", "del", Space(node)).Run();
        }

        new Tool("ip", "link", "del", Bridge).Run();
    }

    private static void Cut(int from, int to) =>
        In(from, "neigh", "replace", Address(to), "lladdr", Nobody, "nud", "permanent", "dev", "eth0");

    private static void Restore(int from, int to) =>
        new Tool("ip", "-n", Space(from), "neigh", "del", Address(to), "dev", "eth0").Run();

    private static string Space(int node) => Text($"dtn{Own}-{node}");

    private static string Cable(int node) => Text($"dtv{Own}n{node}");

    private static void In(int node, params string[] arguments) => Ip(["-n", Space(node), .. arguments]);

    private static void Ip(params string[] arguments) => new Tool("ip", arguments).MustRun();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Make()
    {
        Ip("link", "add", Bridge, "type", "bridge");
        Ip("addr", "add", Address(254) + "/24", "dev", Bridge);
        Ip("link", "set", Bridge, "up");
        for (var node = 1; node <= _nodes; node++)
        {
            Ip("netns", "add", Space(node));
            Ip("link", "add", Cable(node), "type", "veth", "peer", "name", "eth0", "netns", Space(node));
            Ip("link", "set", Cable(node), "master", Bridge, "up");
            In(node, "addr", "add", Address(node) + "/24", "dev", "eth0");
            In(node, "link", "set", "eth0", "up");
            In(node, "link", "set", "lo", "up");
        }
    }

    private int[] Others(int node) => [.. Enumerable.Range(1, _nodes).Where(other => other != node)];
}
