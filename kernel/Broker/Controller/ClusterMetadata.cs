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
/// Load ends when this node is registered, unfenced, and leads again what it may lead, all of it committed; or with
/// <see cref="Refusal"/>. Until then nothing may be served from the image.
/// </remarks>
public sealed class ClusterMetadata
{
    private readonly QuorumEnvironment _environment;
    private readonly List<Endpoint> _endpoints;
    private readonly string? _rack;

    public ClusterMetadata(
        QuorumEnvironment environment,
        SortedDictionary<string, string> properties,
        IReadOnlyList<Endpoint> endpoints,
        string? rack)
    {
        _environment = environment;
        _endpoints = new List<Endpoint>(endpoints);
        _rack = rack;
        Image = new MetadataImage(Uuid.Zero);
        Configs = new EffectiveConfigs(properties, environment.Self.Value, Image.Configs);
        Quorum = new MetadataQuorum(environment, Image);
        var view = new ControllerView(Image, Configs, environment.Log.Prng.Fork(), environment.Self);
        Controller = new Controller(view, Quorum, environment.Log.Timers, environment.Clock);
        Requests = new ControllerRequests(Controller);
        ProducerIds = new ProducerIdBlocks(Controller);
        AutoTopics = new AutoTopics(Controller);
    }

    public MetadataImage Image { get; }

    public EffectiveConfigs Configs { get; }

    public MetadataQuorum Quorum { get; }

    public Controller Controller { get; }

    /// <summary>What brokers ask of the controller.</summary>
    public ControllerRequests Requests { get; }

    public ProducerIdBlocks ProducerIds { get; }

    public AutoTopics AutoTopics { get; }

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
        var active = new Ticket();
        Controller.Activate(Quorum.Epoch, Quorum.BootstrapRecords, () => active.Complete());
        yield return active;
        var joining = Join();
        while (joining.MoveNext())
        {
            yield return joining.Current;
        }
    }

    /// <summary>
    /// The broker of a quorum of one: it registers, and says once that it lives. Without a session it is never silent.
    /// </summary>
    private IEnumerator<Ticket> Join()
    {
        var incarnation = Uuid.Random(Controller.View.Prng);
        var controller = new ControllerRegistrationRequest
        {
            ControllerId = _environment.Self.Value,
            IncarnationId = incarnation,
        };
        var registration = new BrokerRegistrationRequest
        {
            BrokerId = _environment.Self.Value,
            ClusterId = ClusterId.ToString(),
            IncarnationId = incarnation,
            Rack = _rack,
            LogDirs = [Quorum.Identity.DirectoryId],
            PreviousBrokerEpoch = BrokerEpoch,
        };
        foreach (var endpoint in _endpoints)
        {
            registration.Listeners.Add(new BrokerRegistrationRequest.Listener
            {
                Name = endpoint.Name,
                Host = endpoint.Host,
                Port = (ushort)endpoint.Port,
                SecurityProtocol = endpoint.SecurityProtocol,
            });
        }

        foreach (var feature in FeaturesImage.OfThisRelease)
        {
            controller.Features.Add(new ControllerRegistrationRequest.Feature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
            registration.Features.Add(new BrokerRegistrationRequest.Feature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
        }

        Requests.Handle(ApiKey.ControllerRegistration, controller, _ => { });
        var registered = new Ticket();
        Requests.Handle(ApiKey.BrokerRegistration, registration, _ => registered.Complete());
        yield return registered;
        var unfenced = new Ticket();
        var heartbeat = new BrokerHeartbeatRequest
        {
            BrokerId = _environment.Self.Value,
            BrokerEpoch = BrokerEpoch,
            CurrentMetadataOffset = Image.LastOffset,
        };
        Requests.Handle(ApiKey.BrokerHeartbeat, heartbeat, _ => unfenced.Complete());
        Controller.Sessions.End(_environment.Self.Value);
        yield return unfenced;
    }
}
