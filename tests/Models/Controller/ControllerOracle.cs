using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>
/// Knows which replica holds which committed record, and holds every decision of the controller against that.
/// </summary>
/// <remarks>
/// A crash takes from a page cache when the next life of the broker registers: until then nobody can tell, and a dead
/// broker cannot act on it.
/// </remarks>
internal sealed class ControllerOracle : IMetadataListener
{
    private readonly ControllerWorld _world;
    private readonly SortedDictionary<string, Partition> _partitions = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, List<Life>> _lives = [];

    public ControllerOracle(ControllerWorld world)
    {
        _world = world;
        world.Image.AddListener(this);
        world.Quorum.Committed = CheckAll;
    }

    /// <summary>What happened, for whoever has to read a failure.</summary>
    public List<string> Events { get; } = [];

    /// <summary>Records that were committed and are held by a later leader still; a test wants to see some.</summary>
    public long Produced { get; private set; }

    public void Starts(ModelBroker broker)
    {
        var lives = LivesOf(broker.Id);
        if (lives.Count == 0 || lives[^1].Incarnation != broker.Incarnation)
        {
            lives.Add(new Life(broker.Incarnation));
        }

        lives[^1].Broker = broker;
    }

    public void Crashed(int broker, Prng prng) => LivesOf(broker)[^1].Loss = prng.Next(3);

    /// <summary>The leader asks for an ISR: everybody in it has caught up, and stays needed until there is an answer.</summary>
    public void Asks(string topic, PartitionRegistration seen, int[] isr, AlterPartitionRequest request)
    {
        var partition = _partitions[topic];
        Events.Add(FormattableString.Invariant($"{topic} asks for {Join(isr)} in e{seen.LeaderEpoch.Value}"));
        partition.Asked = (seen.LeaderEpoch.Value, isr, request);
        foreach (var replica in isr)
        {
            partition.Data[replica] = partition.Version;
        }
    }

    public bool IsAsking(string topic) =>
        _partitions[topic].Asked is { } asked && asked.LeaderEpoch == _world.Partition(topic).LeaderEpoch.Value;

    /// <summary>False where the leader learnt nothing and will ask again.</summary>
    public bool Answered(string topic, AlterPartitionRequest request, AlterPartitionResponse response)
    {
        var error = response.ErrorCode != 0 ? response.ErrorCode : response.Topics[0].Partitions[0].ErrorCode;
        if (error == (short)ErrorCode.NotController)
        {
            return false;
        }

        Events.Add(FormattableString.Invariant($"{topic} is answered {(ErrorCode)error}"));
        if (_partitions[topic].Asked?.Request == request)
        {
            _partitions[topic].Asked = null;
        }

        return true;
    }

    /// <summary>One record to a partition, committed where replication would commit it.</summary>
    public void Produce(Prng prng)
    {
        if (_partitions.Count == 0)
        {
            return;
        }

        var (topic, model) = _partitions.ElementAt(prng.Next(_partitions.Count));
        var partition = _world.Partition(topic);
        var needed = partition.Isr.ToList();
        if (IsAsking(topic))
        {
            needed.AddRange(model.Asked!.Value.Isr);
        }

        if (partition.Leader < 0 || partition.Isr.Length < MinimumOf(topic) || !needed.TrueForAll(Follows))
        {
            return;
        }

        Produced++;
        model.Version++;
        foreach (var replica in needed)
        {
            model.Data[replica] = model.Version;
        }
    }

    public void PartitionChanged(
        TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after)
    {
        if (before is null)
        {
            _partitions[topic.Name] = new Partition();
            return;
        }

        var model = _partitions[topic.Name];
        var text = Text(topic.Name, before) + " -> " + Text(topic.Name, after);
        Events.Add(text);
        Assert.True(after.PartitionEpoch == before.PartitionEpoch + 1, text);
        Assert.True(
            after.LeaderEpoch.Value == before.LeaderEpoch.Value + 1
            || (after.LeaderEpoch == before.LeaderEpoch && after.Leader == before.Leader),
            text);
        if (IsFlush(topic.Name))
        {
            Assert.True(after.Isr.Length + after.Elr.Length > 0 || IsUncleanAllowed, text);
        }

        foreach (var gone in before.Replicas.Except(after.Replicas))
        {
            model.Data.Remove(gone);
        }

        CheckMove(before, after, text);
        var isUnclean = after.LeaderRecoveryState == 1 && before.LeaderRecoveryState == 0;
        Assert.True(!isUnclean || IsUncleanAllowed || !IsFlush(topic.Name), text);
        if (after.LeaderRecoveryState == 1 && after.LeaderEpoch > before.LeaderEpoch && after.Leader >= 0)
        {
            // Records may be gone, and the record admits it. Everybody follows the new leader from there.
            model.Version = model.Of(after.Leader);
            foreach (var replica in after.Replicas)
            {
                model.Data[replica] = Math.Min(model.Of(replica), model.Version);
            }
        }
    }

    /// <summary>A move that has ended has everybody new in sync.</summary>
    private static void CheckMove(PartitionRegistration before, PartitionRegistration after, string text)
    {
        var wasMoving = before.AddingReplicas.Length + before.RemovingReplicas.Length > 0;
        var isMoving = after.AddingReplicas.Length + after.RemovingReplicas.Length > 0;
        Assert.True(after.AddingReplicas.All(after.Replicas.Contains), text);
        Assert.True(after.RemovingReplicas.All(after.Replicas.Contains), text);
        if (wasMoving && !isMoving && before.AddingReplicas.Intersect(after.Replicas).Any())
        {
            Assert.True(before.AddingReplicas.Intersect(after.Replicas).All(after.Isr.Contains), text);
        }
    }

    public void BrokerChanged(BrokerRegistration? before, BrokerRegistration? after)
    {
        Events.Add(FormattableString.Invariant(
            $"broker {after?.Id} epoch {after?.Epoch} fenced {after?.IsFenced} leaving {after?.IsInControlledShutdown}"));
        if (after is null || after.IncarnationId == before?.IncarnationId)
        {
            return;
        }

        foreach (var life in LivesOf(after.Id))
        {
            if (life.Incarnation == after.IncarnationId)
            {
                return;
            }

            foreach (var (topic, model) in _partitions)
            {
                if (!IsFlush(topic))
                {
                    model.Data[after.Id] = Math.Max(0, model.Of(after.Id) - life.Loss);
                }
            }

            life.Loss = 0;
        }
    }

    public void TopicDeleted(TopicImage topic) => _partitions.Remove(topic.Name);

    public void ConfigChanged(ConfigResourceType type, string name, string key)
    {
    }

    public void CheckAll()
    {
        foreach (var (topic, model) in _partitions)
        {
            var partition = _world.Partition(topic);
            var text = Text(topic, partition) + " " + model;
            Assert.True(partition.Leader == -1 || partition.Isr.Contains(partition.Leader), text);
            Assert.True(partition.Isr.All(partition.Replicas.Contains), text);
            Assert.True(partition.Isr.Distinct().Count() == partition.Isr.Length, text);
            Assert.True(partition.Isr.All(IsActive), text);
            Assert.True(partition.Elr.All(partition.Replicas.Contains), text);
            Assert.False(partition.Elr.Intersect(partition.Isr).Any(), text);
            Assert.True(
                partition.Elr.Length == 0
                || partition.Isr.Length < Math.Min(MinimumOf(topic), partition.Replicas.Length)
                || partition.Isr.Length == 0,
                text);

            // Whoever may be elected without loss holds everything.
            Assert.True(partition.Isr.All(replica => model.Of(replica) == model.Version), text);
            Assert.True(partition.Elr.All(replica => model.Of(replica) == model.Version), text);
            Assert.True(partition.Leader >= 0 || !partition.Isr.Concat(partition.Elr).Any(IsActive), text);
        }
    }

    public void CheckEverythingLed()
    {
        foreach (var (topic, model) in _partitions)
        {
            Assert.True(_world.Partition(topic).Leader >= 0, Text(topic, _world.Partition(topic)) + " " + model);
        }
    }

    public bool IsUncleanAllowed => _world.Controller.View.Configs.BrokerBoolean("unclean.leader.election.enable");

    private bool IsActive(int broker) =>
        _world.Image.Cluster.Find(broker) is { IsFenced: false, IsInControlledShutdown: false };

    private bool Follows(int replica) =>
        LivesOf(replica) is [.., { Broker: { IsUp: true } broker }]
        && broker.Epoch == _world.Image.Cluster.Find(replica)?.Epoch;

    private List<Life> LivesOf(int broker)
    {
        if (!_lives.TryGetValue(broker, out var lives))
        {
            lives = [];
            _lives.Add(broker, lives);
        }

        return lives;
    }

    private bool IsFlush(string topic) =>
        _world.Image.Configs.Find(ConfigResourceType.Topic, topic, "durability.mode") == "flush";

    private int MinimumOf(string topic) => int.Parse(
        _world.Image.Configs.Find(ConfigResourceType.Topic, topic, "min.insync.replicas")!, CultureInfo.InvariantCulture);

    private static string Text(string topic, PartitionRegistration p) => string.Create(
        CultureInfo.InvariantCulture,
        $"{topic} leader {p.Leader} e{p.LeaderEpoch.Value}/{p.PartitionEpoch} replicas {Join(p.Replicas)} isr {Join(p.Isr)} "
        + $"elr {Join(p.Elr)} last {Join(p.LastKnownElr)} "
        + $"adding {Join(p.AddingReplicas)} removing {Join(p.RemovingReplicas)} recovery {p.LeaderRecoveryState}");

    private static string Join(int[] values) => "[" + string.Join(',', values) + "]";

    private sealed class Partition
    {
        /// <summary>Committed records so far.</summary>
        public long Version { get; set; }

        /// <summary>How many of them a replica holds.</summary>
        public SortedDictionary<int, long> Data { get; } = [];

        public (int LeaderEpoch, int[] Isr, AlterPartitionRequest Request)? Asked { get; set; }

        public long Of(int replica) => Data.TryGetValue(replica, out var held) ? held : 0;

        public override string ToString() => FormattableString.Invariant(
            $"committed {Version}, held {string.Join(' ', Data.Select(pair => $"{pair.Key}:{pair.Value}"))}");
    }

    private sealed class Life(Uuid incarnation)
    {
        public Uuid Incarnation => incarnation;

        public ModelBroker? Broker { get; set; }

        public int Loss { get; set; }
    }
}
