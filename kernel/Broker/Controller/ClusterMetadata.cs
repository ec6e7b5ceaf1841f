using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
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
        Controller = new Controller(view, Quorum);
        ProducerIds = new ProducerIdBlocks(Controller);
        AutoTopics = new AutoTopics(Controller);
    }

    public MetadataImage Image { get; }

    public EffectiveConfigs Configs { get; }

    public MetadataQuorum Quorum { get; }

    public Controller Controller { get; }

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
        Controller.View.BeginEpoch(Quorum.Epoch);
        if (Quorum.IsNew)
        {
            var first = Quorum.BootstrapRecords;
            yield return Commit(first.Count > 0 ? BrokerStart.Bootstrap(first) : BrokerStart.Bootstrap());
        }
        else if (Image.IsInTransaction)
        {
            yield return Commit([MetadataRecord.Of(new AbortTransactionRecord { Reason = "the leader changed" })]);
        }

        var start = new BrokerStart(Controller.View, Quorum.Identity.DirectoryId);
        yield return Commit(start.Register(Quorum.NextOffset, _endpoints, _rack));
        foreach (var batch in start.TakeLeadership())
        {
            yield return Commit(batch);
        }
    }

    private Ticket Commit(List<MetadataRecord> records)
    {
        var committed = new Ticket();
        Quorum.Propose(records, () => committed.Complete());
        return committed;
    }
}
