using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Broker;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Network;
using Deterministic.Runtime.Real.Storage;
using Deterministic.Runtime.Real.Telemetry;
using Microsoft.Extensions.Logging;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>
/// A broker in this process: what the program runs, and what a test hosts on a free port with a directory of its own.
/// </summary>
/// <example>
/// <code>
/// await using var broker = await DeterministicBroker.StartAsync();
/// var config = new ProducerConfig { BootstrapServers = broker.BootstrapServers };
/// </code>
/// </example>
public sealed class DeterministicBroker : IAsyncDisposable
{
    private readonly NodeHost _host;
    private readonly DataDirectory _directory;
    private readonly BrokerMetrics _metrics;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<NodeEnd> _ended;
    private bool _deletesDirectory;

    private DeterministicBroker(BrokerConfiguration configuration, ILogger logger)
    {
        _directory = Storage.DataDirectory.Open(configuration.DataPath);
        _metrics = new BrokerMetrics();
        INetwork? network = null;
        try
        {
            network = configuration.IsPortable ? new PortableNetwork() : new EpollNetwork();
            var listeners = Bind(configuration, network);
            BootstrapServers = string.Join(
                ',',
                configuration.Listeners
                    .Where(address => !address.IsController)
                    .Select((address, i) => Address(address, listeners, i)));
            _host = MakeHost(configuration, network, listeners, logger);
        }
        catch
        {
            network?.Dispose();
            _directory.Dispose();
            _metrics.Dispose();
            throw;
        }

        _ended = EndAsync();
    }

    /// <summary>What clients connect to, as their configuration wants it.</summary>
    public string BootstrapServers { get; }

    public string DataDirectory => _directory.Path;

    /// <summary>Completes when the node has ended, whether it was asked to or not, and let go of everything.</summary>
    internal Task<NodeEnd> Ended => _ended;

    /// <summary>Starts a broker with these options; completes when it serves.</summary>
    public static async Task<DeterministicBroker> StartAsync(
        DeterministicBrokerOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new DeterministicBrokerOptions();
        var isTemporary = options.DataDirectory is null;
        var data = options.DataDirectory ?? Directory.CreateTempSubdirectory("deterministic-").FullName;
        var properties = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["listeners"] = FormattableString.Invariant($"PLAINTEXT://{options.Host}:{options.Port}"),
        };
        foreach (var (key, value) in options.Properties)
        {
            properties[key] = value;
        }

        try
        {
            var configuration = BrokerConfiguration.From(properties, data, options.IsPortable);
            var broker = await StartAsync(configuration, BrokerLogging.Over(options.LoggerFactory), cancellation)
                .ConfigureAwait(false);
            broker._deletesDirectory = isTemporary;
            return broker;
        }
        catch (StartupException e)
        {
            throw new InvalidOperationException(e.Message, e);
        }
    }

    /// <summary>Asks the broker to stop in good order and waits until it has.</summary>
    public async Task StopAsync()
    {
        RequestStop();
        await _ended.ConfigureAwait(false);
    }

    /// <summary>
    /// Ends the broker at once, as a killed process ends: nothing is finished, nobody is told, and what was written stays.
    /// Start another one on the same directory to see what a client sees after a crash. A temporary directory is kept until
    /// the broker is disposed.
    /// </summary>
    public async Task KillAsync()
    {
        _host.RequestKill();
        await _ended.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (_deletesDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }

    internal static async Task<DeterministicBroker> StartAsync(
        BrokerConfiguration configuration, BrokerLogging logging, CancellationToken cancellation)
    {
        foreach (var name in configuration.UnknownNames)
        {
            logging.Logger.LogWarning("{Name} is no broker configuration and is ignored", name);
        }

        var broker = new DeterministicBroker(configuration, logging.Logger);
        broker._host.Start();
        using var registration = cancellation.Register(broker.RequestStop);
        await Task.WhenAny(new Task[] { broker._ready.Task, broker._ended }).ConfigureAwait(false);
        if (!broker._ready.Task.IsCompletedSuccessfully)
        {
            var end = await broker._ended.ConfigureAwait(false);
            throw end.Error is null
                ? new StartupException(end.Why)
                : new StartupException(end.Why + " (the last inputs are in " + end.FlightRecord + ")", end.Error);
        }

        return broker;
    }

    internal void RequestStop() => _host.RequestStop();

    private static List<BoundListener> Bind(BrokerConfiguration configuration, INetwork network)
    {
        var bound = new List<BoundListener>();
        try
        {
            for (var i = 0; i < configuration.Listeners.Count; i++)
            {
                foreach (var socket in configuration.Listeners[i].Bind(network))
                {
                    bound.Add(new BoundListener(socket, i));
                }
            }
        }
        catch
        {
            bound.ForEach(listener => listener.Socket.Dispose());
            throw;
        }

        return bound;
    }

    private static string Address(ListenerAddress address, List<BoundListener> bound, int index) =>
        address.HostForClients + ":" + PortOf(address, bound, index).ToString(CultureInfo.InvariantCulture);

    private static int PortOf(ListenerAddress address, List<BoundListener> bound, int index) =>
        address.AdvertisedPort > 0 ? address.AdvertisedPort : bound.First(l => l.Listener == index).Socket.At.Port;

    private NodeHost MakeHost(
        BrokerConfiguration configuration, INetwork network, List<BoundListener> listeners, ILogger logger)
    {
        var effects = new Effects();
        var node = new Node(
            new NodeOptions
            {
                BrokerId = new BrokerId(configuration.NodeId),
                Seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))),
                ClusterId = configuration.ClusterId,
                Roles = configuration.Roles,
                QuorumVoters = configuration.QuorumVoters,
                QuorumBootstrapServers = configuration.QuorumBootstrapServers,
                Rack = configuration.Rack,
                Listeners = [.. configuration.Listeners.Select((address, i) => new ListenerOptions(
                    address.Name, address.HostForClients, PortOf(address, listeners, i), address.SecurityProtocol)
                {
                    IsController = address.IsController,
                })],
                LogDirectoryName = _directory.Path,
                Properties = configuration.Properties,
            },
            effects);
        var log = new NoteLog(logger);
        return new NodeHost(
            new NodeHostOptions
            {
                Name = FormattableString.Invariant($"node-{configuration.NodeId}"),
                DataPath = _directory.Path,
                Limits = configuration.Limits,
                Network = network,
                DiskCalls = configuration.IsPortable ? new PortableDiskCalls() : new LinuxDiskCalls(),
                Listeners = listeners,
                OnNote = note =>
                {
                    _metrics.Count(note);
                    log.Write(note);
                    if (note.Kind == NoteKind.Ready)
                    {
                        _ready.TrySetResult();
                    }
                },
            },
            effects,
            node.Step);
    }

    private async Task<NodeEnd> EndAsync()
    {
        var end = await _host.Ended.ConfigureAwait(false);
        _metrics.Dispose();
        _directory.Dispose();
        return end;
    }
}
