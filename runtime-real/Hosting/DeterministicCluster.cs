using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Storage;
using Deterministic.Runtime.Real.Telemetry;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>
/// A whole cluster in this process: each node a thread, a port and a directory of its own, speaking to the others over TCP
/// like nodes on machines of their own.
/// </summary>
/// <example>
/// <code>
/// await using var cluster = await DeterministicCluster.StartAsync();
/// var config = new ProducerConfig { BootstrapServers = cluster.BootstrapServers };
/// await cluster.KillAsync(1);
/// await cluster.StartNodeAsync(1);
/// </code>
/// </example>
public sealed class DeterministicCluster : IAsyncDisposable
{
    private readonly BrokerConfiguration[] _configurations;
    private readonly DeterministicBroker?[] _brokers;
    private readonly BrokerLogging _logging;
    private readonly TaskCompletionSource<NodeEnd> _firstEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _deletedAtTheEnd;

    private DeterministicCluster(BrokerConfiguration[] configurations, BrokerLogging logging)
    {
        _configurations = configurations;
        _brokers = new DeterministicBroker?[configurations.Length];
        _logging = logging;
        BootstrapServers = string.Join(',', configurations.Select(Address));
    }

    /// <summary>What clients connect to: every node's address.</summary>
    public string BootstrapServers { get; }

    /// <summary>Number of nodes; their ids are 1 to this.</summary>
    public int Count => _brokers.Length;

    /// <summary>Starts a cluster with these options; completes when every node serves.</summary>
    public static async Task<DeterministicCluster> StartAsync(
        DeterministicClusterOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new DeterministicClusterOptions();
        var isTemporary = options.DataDirectory is null;
        var data = options.DataDirectory ?? Directory.CreateTempSubdirectory("deterministic-").FullName;
        try
        {
            var configurations = ConfigurationsOf(options, data);
            var cluster = new DeterministicCluster(configurations, BrokerLogging.Over(options.LoggerFactory));
            await cluster.StartAllAsync(cancellation).ConfigureAwait(false);
            cluster._deletedAtTheEnd = isTemporary ? data : null;
            return cluster;
        }
        catch (StartupException e)
        {
            throw new InvalidOperationException(e.Message, e);
        }
    }

    /// <summary>Ends a node at once, as a killed process ends.</summary>
    public async Task KillAsync(int node)
    {
        if (Take(node) is { } broker)
        {
            await broker.KillAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Stops a node in good order: its leaderships move away first.</summary>
    public async Task StopNodeAsync(int node)
    {
        if (Take(node) is { } broker)
        {
            await broker.StopAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Starts a node that was killed or stopped, on its old directory.</summary>
    public async Task StartNodeAsync(int node, CancellationToken cancellation = default)
    {
        var broker = await DeterministicBroker
            .StartAsync(_configurations[node - 1], _logging, cancellation).ConfigureAwait(false);
        _brokers[node - 1] = broker;
        _ = WatchAsync(node, broker);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAllAsync().ConfigureAwait(false);
        if (_deletedAtTheEnd is { } data)
        {
            Directory.Delete(data, recursive: true);
        }
    }

    /// <summary>One configuration for each node, all of one cluster.</summary>
    internal static BrokerConfiguration[] ConfigurationsOf(DeterministicClusterOptions options, string data)
    {
        if (options.Nodes is < 1 or > 100)
        {
            throw new StartupException($"a cluster of {options.Nodes} nodes; from 1 to 100 are served");
        }

        var count = options.Nodes;
        var ports = options.Port > 0 ? null : FreePorts(options.Host, 2 * count);
        var clients = Enumerable.Range(0, count).Select(i => ports?[i] ?? options.Port + i).ToArray();
        var controllers = Enumerable.Range(0, count).Select(i =>
            ports?[count + i] ?? options.Port + DeterministicClusterOptions.ControllerPortDistance + i).ToArray();
        var voters = string.Join(',', controllers.Select((port, i) => Invariant($"{i + 1}@{options.Host}:{port}")));
        var cluster = ClusterIdOf(data);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var properties = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["node.id"] = Invariant($"{i + 1}"),
                ["process.roles"] = "broker,controller",
                ["listeners"] =
                    Invariant($"PLAINTEXT://{options.Host}:{clients[i]},CONTROLLER://{options.Host}:{controllers[i]}"),
                ["controller.listener.names"] = "CONTROLLER",
                ["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                ["controller.quorum.voters"] = voters,
            };
            foreach (var (key, value) in options.Properties)
            {
                properties[key] = value;
            }

            var directory = Path.Combine(data, Invariant($"node-{i + 1}"));
            return BrokerConfiguration.From(properties, directory, options.IsPortable) with { ClusterId = cluster };
        })];
    }

    /// <summary>All nodes at once: none serves before a majority of them is there.</summary>
    internal static async Task<DeterministicCluster> StartAsync(
        BrokerConfiguration[] configurations, BrokerLogging logging, CancellationToken cancellation)
    {
        var cluster = new DeterministicCluster(configurations, logging);
        await cluster.StartAllAsync(cancellation).ConfigureAwait(false);
        return cluster;
    }

    /// <summary>Completes when a node has ended that was not killed or stopped by name, or all were asked to stop.</summary>
    internal Task<NodeEnd> FirstEnd => _firstEnd.Task;

    /// <summary>Whether a node was started, and neither killed nor stopped since.</summary>
    internal bool IsRunning(int node) => _brokers[node - 1] is not null;

    /// <summary>Any thread: asks every node to stop in good order.</summary>
    internal void RequestStop()
    {
        foreach (var broker in _brokers)
        {
            broker?.RequestStop();
        }

        if (Array.TrueForAll(_brokers, broker => broker is null))
        {
            _firstEnd.TrySetResult(new NodeEnd("no node was running", IsClean: true));
        }
    }

    private async Task WatchAsync(int node, DeterministicBroker broker)
    {
        var end = await broker.Ended.ConfigureAwait(false);
        if (_brokers[node - 1] == broker)
        {
            _firstEnd.TrySetResult(end);
        }
    }

    private async Task StartAllAsync(CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(Enumerable.Range(1, Count).Select(node => StartNodeAsync(node, cancellation)))
                .ConfigureAwait(false);
        }
        catch
        {
            await StopAllAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task StopAllAsync()
    {
        RequestStop();
        foreach (var broker in _brokers.OfType<DeterministicBroker>())
        {
            await broker.Ended.ConfigureAwait(false);
        }
    }

    private DeterministicBroker? Take(int node)
    {
        var broker = _brokers[node - 1];
        _brokers[node - 1] = null;
        return broker;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static string Address(BrokerConfiguration configuration)
    {
        var listener = configuration.Listeners.First(address => !address.IsController);
        return listener.HostForClients + ":" + listener.Port.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The cluster that the first formatted directory belongs to, else a new one.</summary>
    private static Uuid ClusterIdOf(string data)
    {
        if (Directory.Exists(data))
        {
            foreach (var directory in Directory.EnumerateDirectories(data, "node-*").Order(StringComparer.Ordinal))
            {
                if (StorageFormat.TryRead(directory) is { } properties)
                {
                    return properties.ClusterId;
                }
            }
        }

        return StorageFormat.NewId();
    }

    /// <summary>Held together, so that they differ; given back at once, so that somebody else may yet take one.</summary>
    private static int[] FreePorts(string host, int count)
    {
        var address = IPAddress.TryParse(host, out var literal) ? literal : IPAddress.Loopback;
        var held = new List<TcpListener>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var listener = new TcpListener(address, 0);
                listener.Start();
                held.Add(listener);
            }

            return [.. held.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            held.ForEach(listener => listener.Stop());
        }
    }
}
