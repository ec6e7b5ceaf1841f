using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// The metadata of the cluster as one node holds them: the quorum, the image its records fold into, the
/// configurations in force, and the controller that decides what comes next. Composed once; brought up by <see
/// cref="Load"/>.
/// </summary>
/// <remarks>
/// Load ends when this node takes part in the quorum, or with <see cref="Refusal"/>. The image then follows what is
/// committed; where this node comes to lead the quorum, it is the active controller as long as it does.
/// </remarks>
public sealed class ClusterMetadata : IQuorumListener
{
    private readonly QuorumEnvironment _environment;
    private int _lastLeader = -1;

    public ClusterMetadata(QuorumEnvironment environment, SortedDictionary<string, string> properties)
    {
        _environment = environment;
        Image = new MetadataImage(Uuid.Zero);
        Configs = new EffectiveConfigs(properties, environment.Self.Value, Image.Configs);
        Quorum = new MetadataQuorum(environment, Image) { Listener = this };
        var view = new ControllerView(Image, Configs, environment.Log.Prng.Fork(), environment.Self);
        Controller = new Controller(view, Quorum, environment.Log.Timers, environment.Clock);
        Controller.Sessions.IsSeenWithin = Quorum.HasFetchedWithin;
        Image.AddListener(new ClusterProbes(Controller, environment.Log.Effects));
        Requests = new ControllerRequests(Controller);
        AutoTopics = new AutoTopics(Controller);
    }

    public MetadataImage Image { get; }

    public EffectiveConfigs Configs { get; }

    public MetadataQuorum Quorum { get; }

    public Controller Controller { get; }

    /// <summary>What brokers ask of the controller.</summary>
    public ControllerRequests Requests { get; }

    public AutoTopics AutoTopics { get; }

    /// <summary>Told when another node is the active controller, or nobody is known to be.</summary>
    public Action? WhenControllerMoved { get; set; }

    public Uuid ClusterId => Quorum.ClusterId;

    /// <summary>Why this node cannot use its directory; null where it can.</summary>
    public string? Refusal => Quorum.Refusal;

    /// <summary>Epoch of this node's registration, which a clean shutdown leaves in its marker.</summary>
    public long BrokerEpoch => Image.Cluster.Find(_environment.Self.Value)?.Epoch ?? -1;

    /// <summary>How the log of a topic's partitions is to be kept.</summary>
    public LogConfig LogConfigOf(string topic) =>
        TopicConfigs.ToLogConfig(Configs, Image.Configs.Of(ConfigResourceType.Topic, topic));

    /// <summary><c>min.insync.replicas</c> of a topic.</summary>
    public int MinInsyncReplicasOf(string topic) => int.Parse(
        Configs.TopicValue(
            Image.Configs.Of(ConfigResourceType.Topic, topic), ConfigTable.Topic.Find("min.insync.replicas")!),
        CultureInfo.InvariantCulture);

    /// <summary>Which ends of a replica on this node are slowed down.</summary>
    public Throttling ThrottlingOf(string topic, int partition, BrokerId self)
    {
        var set = Image.Configs.Of(ConfigResourceType.Topic, topic);
        return new Throttling(
            AsLeader: IsNamed("leader.replication.throttled.replicas"),
            AsFollower: IsNamed("follower.replication.throttled.replicas"));

        bool IsNamed(string key) => set.TryGetValue(key, out var list) && Throttling.Names(list, partition, self.Value);
    }

    public IEnumerator<Ticket> Load(DiskImage image)
    {
        var loading = Quorum.Load(image);
        while (loading.MoveNext())
        {
            yield return loading.Current;
        }

        if (Refusal is not null)
        {
            yield break;
        }

        Image.ClusterId = Quorum.ClusterId;
    }

    public void LeaderChanged()
    {
        if (Quorum.LeaderId >= 0 && Quorum.LeaderId != _environment.Self.Value)
        {
            _lastLeader = Quorum.LeaderId;
        }

        WhenControllerMoved?.Invoke();
    }

    public void BecameActive()
    {
        Image.ClusterId = Quorum.ClusterId;
        Controller.Activate(Quorum.Epoch, Quorum.BootstrapRecords, () => WhenControllerMoved?.Invoke());

        // Whoever led before gave it up or died, and where it is a broker as well, the broker died with it.
        Controller.Sessions.Doubt(_lastLeader);
    }

    public void Resigned()
    {
        Controller.Deactivate();
        WhenControllerMoved?.Invoke();
    }
}
