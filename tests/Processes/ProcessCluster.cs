using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes;

/// <summary>
/// Nodes, each in a process of its own: ours, or Apache Kafka's with the same configuration, so that the two can be treated
/// alike and be mixed. Usually three, each broker and controller.
/// </summary>
internal sealed class ProcessCluster : IKillableCluster
{
    public const int Count = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("deterministic-cluster-").FullName;
    private readonly NodePlan[] _plans;
    private readonly int[] _ports;
    private readonly int[] _controllerPorts;
    private readonly RunningTool?[] _nodes;

    public ProcessCluster(bool isKafka)
        : this([new(isKafka), new(isKafka), new(isKafka)])
    {
    }

    /// <summary>The first plan is node 1.</summary>
    public ProcessCluster(NodePlan[] plans)
    {
        _plans = plans;
        _nodes = new RunningTool?[plans.Length];
        var ports = FreePorts(2 * plans.Length);
        _ports = ports[..plans.Length];
        _controllerPorts = ports[plans.Length..];
        Bootstrap = string.Join(',', Nodes.Select(node => Address(node, _ports)));
        foreach (var node in Nodes)
        {
            File.WriteAllLines(Properties(node), Configuration(node));
            if (Plan(node).IsKafka)
            {
                ApacheKafka
                    .Java("kafka.tools.StorageTool", "format", "--cluster-id=" + Cluster, "-c", Properties(node))
                    .MustRun();
            }
        }

        foreach (var node in Nodes)
        {
            Start(node);
        }

        foreach (var node in Nodes)
        {
            WaitUntilServing(node);
        }
    }

    public string Bootstrap { get; }

    /// <summary>The controllers' listeners.</summary>
    public string Controllers => string.Join(',', Voters.Select(node => Address(node, _controllerPorts)));

    private static string Cluster => "Zm9yLWZhaWwtb3Zlci10ZQ";

    private IEnumerable<int> Nodes => Enumerable.Range(1, _plans.Length);

    private IEnumerable<int> Voters => Nodes.Where(node => Plan(node).IsController);

    /// <summary>Starts a node on its directory; does not wait until it serves.</summary>
    public void Start(int node)
    {
        var tool = Plan(node).IsKafka
            ? ApacheKafka.Java("kafka.Kafka", Properties(node))
            : new Tool("dotnet", RealBroker.Program, "--cluster-id", Cluster, Properties(node))
            {
                Environment = new() { [TestBroker.Variable] = null, ["DETERMINISTIC_CLIENTS"] = null },
            };
        string[] command = [.. Plan(node).Below, tool.Program, .. tool.Arguments];
        _nodes[node - 1] = (tool with
        {
            Program = command[0],
            Arguments = command[1..],
            Deadline = TimeSpan.FromHours(2),
        }).Start();
    }

    public void WaitUntilServing(int node) => BrokerProcess.WaitUntilServing(
        _nodes[node - 1]!, _ports[node - 1], TimeSpan.FromSeconds(120), Plan(node).Host);

    /// <summary>Where a node keeps its partitions.</summary>
    public string Data(int node) => Plan(node).Data ?? Path.Combine(_folder, Text($"data-{node}"));

    /// <summary>SIGSTOP: the node stands still, and its connections stay open.</summary>
    public void Pause(int node) => Signal(node, "-STOP");

    /// <summary>SIGCONT: the node goes on and has noticed nothing.</summary>
    public void Continue(int node) => Signal(node, "-CONT");

    /// <summary>SIGTERM, and waits for the orderly end.</summary>
    public ToolOutcome Stop(int node)
    {
        _nodes[node - 1]!.Terminate();
        return _nodes[node - 1]!.WaitForEnd();
    }

    /// <summary>SIGKILL.</summary>
    public void Kill(int node)
    {
        _nodes[node - 1]?.Kill();
        _nodes[node - 1]?.WaitForEnd();
    }

    /// <summary>
    /// A text that a tool printed, without what is this cluster's alone: ports and directories have names instead.
    /// </summary>
    public string Anonymous(string text)
    {
        foreach (var node in Nodes)
        {
            text = text
                .Replace(Address(node, _ports), Text($"<broker {node}>"), StringComparison.Ordinal)
                .Replace(Address(node, _controllerPorts), Text($"<controller {node}>"), StringComparison.Ordinal)
                .Replace(Text($"{_ports[node - 1]}"), Text($"<broker port {node}>"), StringComparison.Ordinal)
                .Replace(Text($"{_controllerPorts[node - 1]}"), Text($"<controller port {node}>"), StringComparison.Ordinal);
        }

        return text.Replace(_folder, "<folder>", StringComparison.Ordinal);
    }

    public void Dispose()
    {
        foreach (var node in _nodes)
        {
            node?.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string Properties(int node) => Path.Combine(_folder, Text($"node-{node}.properties"));

    private string[] Configuration(int node)
    {
        var plan = Plan(node);
        var broker = "PLAINTEXT://" + Address(node, _ports);
        var voters = Voters.Select(one => Text($"{one}@") + Address(one, _controllerPorts));
        return
        [
            Text($"node.id={node}"),
            "process.roles=" + (plan.IsController ? "broker,controller" : "broker"),
            "listeners=" + broker + (plan.IsController ? ",CONTROLLER://" + Address(node, _controllerPorts) : ""),
            "advertised.listeners=" + broker,
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.quorum.voters=" + string.Join(',', voters),
            "log.dirs=" + Data(node),
            .. plan.Settings,
        ];
    }

    private NodePlan Plan(int node) => _plans[node - 1];

    private string Address(int node, int[] ports) => Text($"{Plan(node).Host}:{ports[node - 1]}");

    private void Signal(int node, string signal) => new Tool("kill", signal, Text($"{_nodes[node - 1]!.Id}")).MustRun();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static int[] FreePorts(int count)
    {
        var ports = new HashSet<int>();
        while (ports.Count < count)
        {
            ports.Add(BrokerProcess.FreePort());
        }

        return [.. ports];
    }
}
