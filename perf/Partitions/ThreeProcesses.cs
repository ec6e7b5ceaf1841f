using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Deterministic.Perf.Load;

namespace Deterministic.Perf.Partitions;

/// <summary>
/// A cluster of three processes on this machine, each broker and controller: ours, or Apache Kafka's with the same
/// configuration.
/// </summary>
internal sealed class ThreeProcesses : IDisposable
{
    public const int Count = 3;
    private const string ClusterId = "bWFueS1wYXJ0aXRpb25zMQ";

    private readonly string _folder = Directory.CreateTempSubdirectory("many-partitions-").FullName;
    private readonly int[] _ports = FreePorts(2 * Count);
    private readonly Process?[] _nodes = new Process?[Count];
    private readonly string? _kafkaHome;

    /// <param name="kafkaHome">Where Apache Kafka is; null for our own broker.</param>
    public ThreeProcesses(string? kafkaHome)
    {
        _kafkaHome = kafkaHome;
        for (var node = 1; node <= Count; node++)
        {
            File.WriteAllLines(Properties(node), Configuration(node));
            if (kafkaHome is not null)
            {
                using var format = Launch("storage", "format", "--cluster-id", ClusterId, "--config", Properties(node));
                format.WaitForExit();
            }
        }
    }

    public bool IsUp(int node) => _nodes[node - 1] is { HasExited: false };

    public void Start(int node) => _nodes[node - 1] = _kafkaHome is null
        ? Launch("--cluster-id", ClusterId, Properties(node))
        : Launch("server-start", Properties(node));

    /// <summary>SIGKILL.</summary>
    public void Kill(int node)
    {
        _nodes[node - 1]!.Kill();
        _nodes[node - 1]!.WaitForExit();
    }

    /// <summary>SIGTERM to all at once; returns when the last has ended.</summary>
    public void StopAll()
    {
        foreach (var node in _nodes)
        {
            using var kill = Process.Start("kill", ["-TERM", node!.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }

        foreach (var node in _nodes)
        {
            node!.WaitForExit();
        }
    }

    /// <summary>A connection to a node's listener for clients, as soon as it takes one.</summary>
    public BrokerConnection Connect(int node, TimeSpan within)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new BrokerConnection("127.0.0.1", _ports[node - 1]);
            }
            catch (SocketException) when (clock.Elapsed < within && IsUp(node))
            {
                Thread.Sleep(20);
            }
        }
    }

    public double CoreSecondsOf(int node) => ProcessorTime.SecondsOf(_nodes[node - 1]!.Id);

    public double MegabytesOf(int node) => ProcessorTime.ResidentMegabytesOf(_nodes[node - 1]!.Id);

    public int OpenFilesOf(int node) => Directory.GetFileSystemEntries($"/proc/{_nodes[node - 1]!.Id}/fd").Length;

    public void Dispose()
    {
        foreach (var node in _nodes)
        {
            if (node is { HasExited: false })
            {
                node.Kill();
                node.WaitForExit();
            }

            node?.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string Properties(int node) =>
        Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{node}.properties"));

    private string[] Configuration(int node)
    {
        var voters = new List<string>();
        for (var voter = 1; voter <= Count; voter++)
        {
            voters.Add(string.Create(CultureInfo.InvariantCulture, $"{voter}@127.0.0.1:{_ports[Count + voter - 1]}"));
        }

        var (client, controller) = (_ports[node - 1], _ports[Count + node - 1]);
        return
        [
            string.Create(CultureInfo.InvariantCulture, $"node.id={node}"),
            "process.roles=broker,controller",
            string.Create(
                CultureInfo.InvariantCulture, $"listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}"),
            string.Create(CultureInfo.InvariantCulture, $"advertised.listeners=PLAINTEXT://127.0.0.1:{client}"),
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.quorum.voters=" + string.Join(',', voters),
            "log.dirs=" + Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"data-{node}")),
        ];
    }

    private Process Launch(params string[] words)
    {
        var real = Path.Combine(AppContext.BaseDirectory, "Deterministic.Runtime.Real.dll");
        var start = _kafkaHome is null
            ? new ProcessStartInfo("dotnet", [real, .. words])
            : new ProcessStartInfo(Path.Combine(_kafkaHome, "bin", "run"), words);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var process = Process.Start(start) ?? throw new InvalidOperationException("The broker does not start.");
        process.OutputDataReceived += Ignore;
        process.ErrorDataReceived += Ignore;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Ignore(object sender, DataReceivedEventArgs line)
    {
    }

    private static int[] FreePorts(int count)
    {
        var listeners = new List<TcpListener>();
        var ports = new int[count];
        for (var i = 0; i < count; i++)
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            listeners.Add(listener);
            ports[i] = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }
}
