using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes;

/// <summary>
/// Three nodes, each broker and controller in a process of its own: ours, or Apache Kafka's with the same configuration, so
/// that the two can be treated alike.
/// </summary>
internal sealed class ProcessCluster : IKillableCluster
{
    public const int Count = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("deterministic-cluster-").FullName;
    private readonly int[] _ports = FreePorts(2 * Count);
    private readonly RunningTool?[] _nodes = new RunningTool?[Count];
    private readonly bool _isKafka;

    public ProcessCluster(bool isKafka)
    {
        _isKafka = isKafka;
        Bootstrap = string.Join(',', _ports.Take(Count).Select(port => Text($"127.0.0.1:{port}")));
        for (var node = 1; node <= Count; node++)
        {
            File.WriteAllLines(Properties(node), Configuration(node));
            if (isKafka)
            {
                ApacheKafka
                    .Java("kafka.tools.StorageTool", "format", "--cluster-id=" + Cluster, "-c", Properties(node))
                    .MustRun();
            }
        }

        for (var node = 1; node <= Count; node++)
        {
            Start(node);
        }

        for (var node = 1; node <= Count; node++)
        {
            BrokerProcess.WaitUntilServing(_nodes[node - 1]!, _ports[node - 1], TimeSpan.FromSeconds(120));
        }
    }

    public string Bootstrap { get; }

    /// <summary>The controllers' listeners.</summary>
    public string Controllers => string.Join(',', _ports.Skip(Count).Select(port => Text($"127.0.0.1:{port}")));

    private static string Cluster => "Zm9yLWZhaWwtb3Zlci10ZQ";

    /// <summary>Starts a node on its directory; does not wait until it serves.</summary>
    public void Start(int node) => _nodes[node - 1] = (_isKafka
        ? ApacheKafka.Java("kafka.Kafka", Properties(node))
        : new Tool("dotnet", RealBroker.Program, "--cluster-id", Cluster, Properties(node))
        {
            Environment = new() { [TestBroker.Variable] = null, ["DETERMINISTIC_CLIENTS"] = null },
        }) is { } tool
            ? (tool with { Deadline = TimeSpan.FromHours(2) }).Start()
            : null;

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
        for (var node = 1; node <= Count; node++)
        {
            text = text
                .Replace(Text($"127.0.0.1:{_ports[node - 1]}"), Text($"<broker {node}>"), StringComparison.Ordinal)
                .Replace(Text($"127.0.0.1:{_ports[Count + node - 1]}"), Text($"<controller {node}>"), StringComparison.Ordinal)
                .Replace(Text($"{_ports[node - 1]}"), Text($"<broker port {node}>"), StringComparison.Ordinal)
                .Replace(Text($"{_ports[Count + node - 1]}"), Text($"<controller port {node}>"), StringComparison.Ordinal);
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
        var voters = Enumerable.Range(1, Count).Select(i => Text($"{i}@127.0.0.1:{_ports[Count + i - 1]}"));
        return
        [
            Text($"node.id={node}"),
            "process.roles=broker,controller",
            Text($"listeners=PLAINTEXT://127.0.0.1:{_ports[node - 1]},CONTROLLER://127.0.0.1:{_ports[Count + node - 1]}"),
            Text($"advertised.listeners=PLAINTEXT://127.0.0.1:{_ports[node - 1]}"),
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.quorum.voters=" + string.Join(',', voters),
            "log.dirs=" + Path.Combine(_folder, Text($"data-{node}")),
        ];
    }

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
