using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// Topics that come into being because somebody asked for them: a client, or a coordinator its own topic.
/// </summary>
/// <remarks>
/// Nobody waits for the creation: who asks is told that the topic is not there yet and asks again. A name is created
/// once at a time. Where the replication factor of an internal topic was left at its default, 3, and fewer brokers
/// are alive, the topic gets as many as there are: a single node works without being told that it is single.
/// </remarks>
public sealed class AutoTopics
{
    private const string ConsumerOffsets = "__consumer_offsets";
    private const string TransactionState = "__transaction_state";
    private const string ShareGroupState = "__share_group_state";

    /// <summary>Bound: names being created at once. A client may ask for more; it will ask again.</summary>
    private const int MaxPending = 1000;

    private readonly Controller _controller;
    private readonly HashSet<string> _pending = new(StringComparer.Ordinal);

    /// <summary>
    /// Asks the active controller, where that is another node; the callback ends the attempt, whatever it came to.
    /// </summary>
    public Action<CreateTopicsRequest.CreatableTopic, Action>? CreateElsewhere { get; set; }

    public AutoTopics(Controller controller)
    {
        _controller = controller;
    }

    /// <summary>
    /// Begins to create a topic that does not exist, where it may be created by being asked for. Internal topics may
    /// always.
    /// </summary>
    public void TryCreate(string name)
    {
        var view = _controller.View;
        var isInternal = name is ConsumerOffsets or TransactionState or ShareGroupState;
        if (name == TopicNames.ClusterMetadata
            || view.Image.Topics.Find(name) is not null
            || _pending.Count >= MaxPending
            || !(isInternal || view.Configs.BrokerBoolean("auto.create.topics.enable"))
            || !_pending.Add(name))
        {
            return;
        }

        if (!_controller.IsActive)
        {
            CreateElsewhere?.Invoke(Describe(name), () => _pending.Remove(name));
            return;
        }

        if (!_controller.TrySubmit(() => Decide(name), () => _pending.Remove(name)))
        {
            _pending.Remove(name);
        }
    }

    private Decision Decide(string name)
    {
        var records = new List<MetadataRecord>();
        var result = new TopicCreation(_controller.View).Decide(Describe(name), records);
        if (result.ErrorCode != (short)ErrorCode.None || !ProposalLimits.Allow(records))
        {
            records.Clear();
        }

        return new Decision(records, () => _pending.Remove(name));
    }

    private CreateTopicsRequest.CreatableTopic Describe(string name)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = -1, ReplicationFactor = -1 };
        switch (name)
        {
            case ConsumerOffsets:
                Shape(topic, "offsets.topic.num.partitions", "offsets.topic.replication.factor");
                Set(topic, "compression.type", "producer");
                Set(topic, "cleanup.policy", "compact");
                Set(topic, "segment.bytes", Value("offsets.topic.segment.bytes"));
                break;
            case TransactionState:
                Shape(topic, "transaction.state.log.num.partitions", "transaction.state.log.replication.factor");
                Set(topic, "compression.type", "uncompressed");
                Set(topic, "cleanup.policy", "compact");
                Set(topic, "min.insync.replicas", Value("transaction.state.log.min.isr"));
                Set(topic, "segment.bytes", Value("transaction.state.log.segment.bytes"));
                break;
            case ShareGroupState:
                Shape(
                    topic,
                    "share.coordinator.state.topic.num.partitions",
                    "share.coordinator.state.topic.replication.factor");
                Set(topic, "cleanup.policy", "delete");
                Set(topic, "compression.type", "producer");
                Set(topic, "min.insync.replicas", Value("share.coordinator.state.topic.min.isr"));
                Set(topic, "segment.bytes", Value("share.coordinator.state.topic.segment.bytes"));
                Set(topic, "retention.ms", "-1");
                Set(topic, "retention.bytes", "-1");
                break;
            default:
                break;
        }

        return topic;
    }

    private static void Set(CreateTopicsRequest.CreatableTopic topic, string name, string value) =>
        topic.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = name, Value = value });

    private string Value(string name) => _controller.View.Configs.BrokerValue(name) ?? "";

    private void Shape(CreateTopicsRequest.CreatableTopic topic, string partitions, string factor)
    {
        var view = _controller.View;
        topic.NumPartitions = (int)view.Configs.BrokerLong(partitions);
        var asked = (short)view.Configs.BrokerLong(factor);
        var isGiven = view.Configs.IsBrokerValueGiven(factor);
        topic.ReplicationFactor = isGiven ? asked : (short)Math.Min((int)asked, view.Image.Cluster.AliveCount);
    }
}
