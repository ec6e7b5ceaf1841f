using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Log;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Peers;
using Deterministic.Broker.Raft;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;

namespace Deterministic.Broker.Apis;

/// <summary>
/// What a handler of a request may see: the rooms of one node, composed once. It decides nothing itself.
/// </summary>
public sealed class Broker
{
    private readonly ClusterMetadata _cluster;

    internal Broker(NodeOptions options, Effects effects)
    {
        Options = options;
        Effects = effects;
        Files = new Files(effects);
        Peers = new PeerTable(
            effects, Timers, Clock, string.Create(CultureInfo.InvariantCulture, $"broker-{options.BrokerId.Value}"));
        Prng = new Prng(options.Seed);
        var environment = new LogEnvironment(Files, effects, Timers, Prng.Fork());
        _cluster = new ClusterMetadata(
            QuorumOf(options, environment), StaticProperties.Of(options), EndpointsOf(options), options.Rack);
        FetchSessions = new FetchSessions(Prng.Fork());
        var replication = new ReplicationContext(options.BrokerId.Value, Clock, Metadata);
        LogDirectory = new LogDirectory(environment, Partitions, replication, Clock);
        Fetchers = new ReplicaFetchers(
            new FetcherEnvironment(
                options.BrokerId.Value, Peers, Timers, Clock, FetcherLimitsOf(Configs), () => _cluster.BrokerEpoch),
            Metadata,
            InterBrokerListenerOf(options));
        replication.LogAdvanced = Fetchers.LogAdvanced;
        Hosting = new PartitionHosting(_cluster, LogDirectory, Partitions, Fetchers, options.BrokerId);
        replication.RoleChanged = Hosting.RoleChanged;
        var groups = new GroupContext(GroupConfig.Of(Configs), Timers, Prng.Fork(), Clock, effects);
        Groups = new GroupCoordinator(groups, CountOffsetsPartitions);
        Hosting.Listener = Groups;
    }

    public NodeOptions Options { get; }

    public Effects Effects { get; }

    public StepClock Clock { get; } = new();

    public Now Now => Clock.Now;

    public Files Files { get; }

    public Timers Timers { get; } = new();

    /// <summary>Connections to other nodes.</summary>
    internal PeerTable Peers { get; }

    public Prng Prng { get; }

    /// <summary>The partitions of this node, with their logs and high watermarks.</summary>
    public PartitionTable Partitions { get; } = new();

    public LogDirectory LogDirectory { get; }

    public FetchSessions FetchSessions { get; }

    /// <summary>What the committed metadata records fold into.</summary>
    public MetadataImage Metadata => _cluster.Image;

    public EffectiveConfigs Configs => _cluster.Configs;

    public Controller.Controller Controller => _cluster.Controller;

    public AutoTopics AutoTopics => _cluster.AutoTopics;

    public ProducerIdBlocks ProducerIds => _cluster.ProducerIds;

    public MetadataQuorum Quorum => _cluster.Quorum;

    public GroupCoordinator Groups { get; }

    internal PartitionHosting Hosting { get; }

    internal ReplicaFetchers Fetchers { get; }

    /// <summary>
    /// Metadata first, then the logs that the metadata places here. Ends early where the directory is refused.
    /// </summary>
    internal IEnumerator<Ticket> Load(DiskImage image)
    {
        var loading = _cluster.Load(image);
        while (loading.MoveNext())
        {
            yield return loading.Current;
        }

        if (_cluster.Refusal is not null)
        {
            yield break;
        }

        LogDirectory.RetentionInterval =
            Duration.FromMilliseconds(Configs.BrokerLong("log.retention.check.interval.ms"));
        var logs = LogDirectory.Load(image, Hosting.Hosted());
        while (logs.MoveNext())
        {
            yield return logs.Current;
        }

        Hosting.Begin();
    }

    /// <summary>Everything flushed and closed, the marker of a clean shutdown last.</summary>
    internal IEnumerator<Ticket> Close()
    {
        var quorum = Quorum.Close();
        while (quorum.MoveNext())
        {
            yield return quorum.Current;
        }

        var logs = LogDirectory.Close(_cluster.BrokerEpoch);
        while (logs.MoveNext())
        {
            yield return logs.Current;
        }
    }

    private int CountOffsetsPartitions() =>
        Metadata.Topics.Find(InternalTopics.ConsumerOffsets)?.Partitions.Count ?? 0;

    private QuorumEnvironment QuorumOf(NodeOptions options, LogEnvironment environment) =>
        new(environment, Clock, Peers, options.BrokerId, options.ClusterId)
        {
            VoterHost = options.Listeners[0].AdvertisedHost,
            VoterPort = (ushort)options.Listeners[0].AdvertisedPort,
        };

    private static FetcherLimits FetcherLimitsOf(EffectiveConfigs configs) => new(
        (int)configs.BrokerLong("replica.fetch.max.bytes"),
        (int)configs.BrokerLong("replica.fetch.response.max.bytes"),
        (int)configs.BrokerLong("replica.fetch.wait.max.ms"),
        (int)configs.BrokerLong("replica.fetch.min.bytes"));

    /// <summary><c>inter.broker.listener.name</c>, else the first listener for clients, which brokers share.</summary>
    private static string InterBrokerListenerOf(NodeOptions options)
    {
        if (options.Properties.TryGetValue("inter.broker.listener.name", out var name))
        {
            return name;
        }

        foreach (var listener in options.Listeners)
        {
            if (!listener.IsController)
            {
                return listener.Name;
            }
        }

        return "";
    }

    private static List<Endpoint> EndpointsOf(NodeOptions options)
    {
        var endpoints = new List<Endpoint>();
        foreach (var listener in options.Listeners)
        {
            if (listener.IsController)
            {
                continue;
            }

            endpoints.Add(new Endpoint(listener.Name, listener.AdvertisedHost, listener.AdvertisedPort, 0));
        }

        return endpoints;
    }
}
