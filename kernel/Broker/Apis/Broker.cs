using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Log;
using Deterministic.Broker.Membership;
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
    /// <summary>How long a broker that stops waits for its leaderships to move away.</summary>
    private static readonly Duration ControlledShutdownLimit = Duration.FromSeconds(10);

    private readonly SelfWatch _watch;
    private readonly IsrWatch _isrWatch;
    private readonly ControllerRegistration _registration;
    private readonly LostReplicas _lost;

    internal Broker(NodeOptions options, Effects effects)
    {
        Options = options;
        Effects = effects;
        Files = new Files(effects);
        Peers = new PeerTable(
            effects, Timers, Clock, string.Create(CultureInfo.InvariantCulture, $"broker-{options.BrokerId.Value}"));
        Prng = new Prng(options.Seed);
        var environment = new LogEnvironment(Files, effects, Timers, Prng.Fork());
        _cluster = new ClusterMetadata(QuorumOf(options, environment), StaticProperties.Of(options));
        Links = new ControllerLinks(_cluster, Peers, Timers, Clock);
        Membership = new BrokerLifecycle(
            Links.Heartbeats,
            Timers,
            Clock,
            Metadata,
            Duration.FromMilliseconds(Configs.BrokerLong("broker.heartbeat.interval.ms")));
        _registration = new ControllerRegistration(Links.Registration, Timers, Clock);
        _lost = new LostReplicas(Links.IsrChanges, Timers, Clock, options.BrokerId, () => Membership.BrokerEpoch);
        Links.Heartbeats.WhenLost = Membership.ConnectionLost;
        Links.WhenMoved = Membership.ConnectionLost;
        ProducerIds = new ProducerIdBlocks(Links.ProducerIds, options.BrokerId, () => Membership.BrokerEpoch);
        AutoTopics.CreateElsewhere = (topic, whenDone) => Forwarding.CreateTopic(this, topic, whenDone);
        Heartbeating = new HeartbeatingBrokers(ControllerRequests);
        _watch = new SelfWatch(options.BrokerId, Metadata);
        FetchSessions = new FetchSessions(Prng.Fork());
        ReadReplica = new ReadReplica(Configs.BrokerValue("replica.selector.class") == ReadReplica.RackAware, options.Rack);
        ReplicationQuotas = ReplicationQuotas.Of(() => Configs);
        var replication = new ReplicationContext(options.BrokerId.Value, Clock, Metadata);
        LogDirectory = new LogDirectory(environment, Partitions, replication, Clock);
        Fetchers = new ReplicaFetchers(
            new FetcherEnvironment(
                options.BrokerId.Value, Peers, Timers, Clock, FetcherLimitsOf(Configs), () => Membership.BrokerEpoch)
            {
                Quota = ReplicationQuotas.Follower,
            },
            Metadata,
            InterBrokerListenerOf(options));
        replication.LogAdvanced = Fetchers.LogAdvanced;
        replication.IsrChanges = new IsrChanges(
            Links.IsrChanges, Timers, Clock, replication, () => Membership.BrokerEpoch);
        _isrWatch = new IsrWatch(
            Partitions, Timers, Clock, Duration.FromMilliseconds(Configs.BrokerLong("replica.lag.time.max.ms")));
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

    /// <summary>How fast throttled replicas are filled.</summary>
    public ReplicationQuotas ReplicationQuotas { get; }

    /// <summary>Where consumers had better read.</summary>
    internal ReadReplica ReadReplica { get; }

    /// <summary>What the committed metadata records fold into.</summary>
    public MetadataImage Metadata => _cluster.Image;

    public EffectiveConfigs Configs => _cluster.Configs;

    public Controller.Controller Controller => _cluster.Controller;

    /// <summary>What brokers ask of the controller; only its active one answers otherwise than NOT_CONTROLLER.</summary>
    public ControllerRequests ControllerRequests => _cluster.Requests;

    public AutoTopics AutoTopics => _cluster.AutoTopics;

    public ProducerIdBlocks ProducerIds { get; }

    public MetadataQuorum Quorum => _cluster.Quorum;

    public GroupCoordinator Groups { get; }

    /// <summary>This broker's life in its cluster.</summary>
    public BrokerLifecycle Membership { get; }

    internal ControllerLinks Links { get; }

    internal HeartbeatingBrokers Heartbeating { get; }

    internal PartitionHosting Hosting { get; }

    internal ReplicaFetchers Fetchers { get; }

    /// <summary>
    /// The quorum first; ends early where the directory is refused. A controller has nothing more to load.
    /// </summary>
    internal IEnumerator<Ticket> LoadMetadata(DiskImage image) => _cluster.Load(image);

    /// <summary>A node that may lead the quorum says so, where others could reach it.</summary>
    internal void RegisterController()
    {
        var endpoints = EndpointsOf(Options, isController: true);
        if (Options.Roles.HasFlag(NodeRoles.Controller) && endpoints.Count > 0)
        {
            _registration.Register(Options.BrokerId, Incarnation(), endpoints);
        }
    }

    /// <summary>
    /// Registers, loads the logs that the metadata place here, tells what is lost of them while nobody can elect it, and ends
    /// when this broker is part of its cluster: unfenced, and knowing it.
    /// </summary>
    internal IEnumerator<Ticket> Join(DiskImage image)
    {
        var marker = LogDirectory.ReadMarker(image);
        while (marker.MoveNext())
        {
            yield return marker.Current;
        }

        var registered = new Ticket();
        Membership.Register(Identity(), LogDirectory.LastBrokerEpoch, () => registered.Complete());
        yield return registered;
        yield return _watch.WhenRegistered(Membership.BrokerEpoch);
        LogDirectory.RetentionInterval =
            Duration.FromMilliseconds(Configs.BrokerLong("log.retention.check.interval.ms"));
        var logs = LogDirectory.Load(image, Hosting.Hosted());
        while (logs.MoveNext())
        {
            yield return logs.Current;
        }

        var telling = _lost.Tell(LogDirectory.Damaged(), Quorum.Identity.DirectoryId);
        while (telling.MoveNext())
        {
            yield return telling.Current;
        }

        LogDirectory.Begin();
        Hosting.Begin();
        _isrWatch.Begin();
        Membership.ReadyToServe();
        yield return _watch.WhenUnfenced();
    }

    /// <summary>Leaderships are moved away first, where somebody could take them.</summary>
    internal void Leave(Action whenLeft)
    {
        if (Metadata.Cluster.Brokers.Count > 1)
        {
            Membership.BeginShutdown(ControlledShutdownLimit, whenLeft);
        }
        else
        {
            Membership.Stop();
            whenLeft();
        }
    }

    /// <summary>Everything flushed and closed, the marker of a clean shutdown last.</summary>
    internal IEnumerator<Ticket> Close()
    {
        Membership.Stop();
        _registration.Stop();
        var quorum = Quorum.Close();
        while (quorum.MoveNext())
        {
            yield return quorum.Current;
        }

        if (!Options.Roles.HasFlag(NodeRoles.Broker))
        {
            yield break;
        }

        var logs = LogDirectory.Close(Membership.BrokerEpoch);
        while (logs.MoveNext())
        {
            yield return logs.Current;
        }
    }

    /// <summary>
    /// The incarnation must differ from that of every other life of this node, and a node that starts again with the same seed
    /// draws the same: the time makes the difference.
    /// </summary>
    private Uuid Incarnation() => Uuid.Random(new Prng(Prng.NextUInt64() + (ulong)Now.WallMs));

    private BrokerIdentity Identity() => new(
        Options.BrokerId,
        Incarnation(),
        EndpointsOf(Options, isController: false),
        Options.Rack,
        Quorum.Identity.DirectoryId);

    private int CountOffsetsPartitions() =>
        Metadata.Topics.Find(InternalTopics.ConsumerOffsets)?.Partitions.Count ?? 0;

    private QuorumEnvironment QuorumOf(NodeOptions options, LogEnvironment environment)
    {
        // From the configuration file alone: the metadata that could say otherwise are not there yet.
        var configs = new EffectiveConfigs(options.Properties, options.BrokerId.Value, new ConfigsImage());
        return new QuorumEnvironment(environment, Clock, Peers, options.BrokerId, options.ClusterId)
        {
            Endpoints = VoterEndpointsOf(options),
            MayJoin = configs.BrokerBoolean("controller.quorum.auto.join.enable"),
            MayVote = options.Roles.HasFlag(NodeRoles.Controller),
            StaticVoters = options.QuorumVoters,
            BootstrapServers = options.QuorumBootstrapServers,
            Snapshots = SnapshotLimitsOf(configs),
            Timeouts = QuorumTimeoutsOf(configs),
        };
    }

    private static QuorumTimeouts QuorumTimeoutsOf(EffectiveConfigs configs)
    {
        return new QuorumTimeouts
        {
            Election = Milliseconds("election.timeout.ms"),
            Fetch = Milliseconds("fetch.timeout.ms"),
            BackoffMax = Milliseconds("election.backoff.max.ms"),
            Request = Milliseconds("request.timeout.ms"),
            Retry = Milliseconds("retry.backoff.ms"),
        };

        // None at all would be a loop without time in it.
        Duration Milliseconds(string name) =>
            Duration.FromMilliseconds(long.Max(1, configs.BrokerLong("controller.quorum." + name)));
    }

    /// <summary>Its controller listeners; a lone node without any is its own only voter.</summary>
    private static List<VoterEndpoint> VoterEndpointsOf(NodeOptions options)
    {
        var endpoints = new List<VoterEndpoint>();
        foreach (var listener in options.Listeners)
        {
            if (listener.IsController)
            {
                endpoints.Add(new VoterEndpoint(listener.Name, listener.AdvertisedHost, listener.AdvertisedPort));
            }
        }

        var first = options.Listeners[0];
        return endpoints.Count > 0
            ? endpoints
            : [new VoterEndpoint(Voter.UsualListener, first.AdvertisedHost, first.AdvertisedPort)];
    }

    private static SnapshotLimits SnapshotLimitsOf(EffectiveConfigs configs) => new()
    {
        BytesBetween = configs.BrokerLong("metadata.log.max.record.bytes.between.snapshots"),
        Interval = Duration.FromMilliseconds(configs.BrokerLong("metadata.log.max.snapshot.interval.ms")),
        RetentionBytes = configs.BrokerLong("metadata.max.retention.bytes"),
        RetentionMs = configs.BrokerLong("metadata.max.retention.ms"),
        SegmentBytes = (int)configs.BrokerLong(
            configs.IsBrokerValueGiven("internal.metadata.log.segment.bytes")
                ? "internal.metadata.log.segment.bytes"
                : "metadata.log.segment.bytes"),
        SegmentMs = configs.BrokerLong("metadata.log.segment.ms"),
        FetchBytes = (int)configs.BrokerLong("controller.quorum.fetch.snapshot.max.bytes"),
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

    private static List<Endpoint> EndpointsOf(NodeOptions options, bool isController)
    {
        var endpoints = new List<Endpoint>();
        foreach (var listener in options.Listeners)
        {
            if (listener.IsController != isController)
            {
                continue;
            }

            endpoints.Add(new Endpoint(listener.Name, listener.AdvertisedHost, listener.AdvertisedPort, 0));
        }

        return endpoints;
    }
}
