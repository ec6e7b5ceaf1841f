using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Tests.Models.Controller;

/// <summary>
/// An active controller over a quorum in memory, with a clock that the test moves; a fail-over gives it another node's
/// controller on the same image.
/// </summary>
internal sealed class ControllerWorld
{
    private readonly SortedDictionary<string, string> _properties;
    private readonly Prng _prng;
    private Timers _timers = new();
    private int _epoch;

    public ControllerWorld(ulong seed = 1, SortedDictionary<string, string>? properties = null)
    {
        _properties = properties ?? new SortedDictionary<string, string>(StringComparer.Ordinal);
        _prng = new Prng(seed);
        Image = new MetadataImage(new Uuid(7, 7));
        Quorum = new MemoryQuorum(Image);
        Controller = Compose();
        Requests = new ControllerRequests(Controller);
    }

    public MetadataImage Image { get; }

    public MemoryQuorum Quorum { get; }

    public Deterministic.Broker.Controller.Controller Controller { get; private set; }

    public ControllerRequests Requests { get; private set; }

    public StepClock Clock { get; } = new();

    public ControllerWorld Activate()
    {
        Controller.Activate(++_epoch, [], () => { });
        Quorum.CommitAll();
        return this;
    }

    /// <summary>Another node becomes the active controller; some of what was under way outlives the one before.</summary>
    public void FailOver(int kept)
    {
        Controller.Deactivate();
        Quorum.LoseLeadership(kept);
        _timers = new Timers();
        Controller = Compose();
        Requests = new ControllerRequests(Controller);
        Controller.Activate(++_epoch, [], () => { });
    }

    public void Advance(Duration time)
    {
        var until = Clock.Now.Instant + time;
        while (_timers.NextDeadline <= until)
        {
            SetClock(_timers.NextDeadline > Clock.Now.Instant ? _timers.NextDeadline : Clock.Now.Instant);
            _timers.Advance(Clock.Now);
        }

        SetClock(until);
    }

    /// <summary>Asks, and commits whatever that takes.</summary>
    public T Ask<T>(IRequest request)
        where T : class, IMessage
    {
        IMessage? got = null;
        Requests.Handle(request.ApiKey, request, response => got = response);
        Quorum.CommitAll();
        return got as T ?? throw new InvalidOperationException("no answer");
    }

    /// <summary>Decides an operation, and commits whatever that takes.</summary>
    public T Decide<T>(Func<ControllerView, List<MetadataRecord>, T> decide)
        where T : class
    {
        T? got = null;
        Submit(decide, response => got = response);
        Quorum.CommitAll();
        return got ?? throw new InvalidOperationException("no answer");
    }

    public void Submit<T>(Func<ControllerView, List<MetadataRecord>, T> decide, Action<T> answered) =>
        Controller.TrySubmit(() =>
        {
            var records = new List<MetadataRecord>();
            var response = decide(Controller.View, records);
            return new Decision(records, () => answered(response));
        });

    public PartitionRegistration Partition(string topic = "t", int index = 0) => Image.Topics.Find(topic, index)!;

    /// <summary>A broker registers and is unfenced; its epoch.</summary>
    public long Join(int broker, long previousEpoch = -1, string? rack = null)
    {
        var epoch = Register(broker, previousEpoch, rack).BrokerEpoch;
        Heartbeat(broker, epoch);
        return epoch;
    }

    public BrokerRegistrationResponse Register(int broker, long previousEpoch = -1, string? rack = null) =>
        Ask<BrokerRegistrationResponse>(Registration(broker, Uuid.Random(_prng), previousEpoch, rack));

    public BrokerRegistrationRequest Registration(int broker, Uuid incarnation, long previousEpoch, string? rack)
    {
        var request = new BrokerRegistrationRequest
        {
            BrokerId = broker,
            ClusterId = Image.ClusterId.ToString(),
            IncarnationId = incarnation,
            PreviousBrokerEpoch = previousEpoch,
            Rack = rack,
            LogDirs = [new Uuid(100, (ulong)broker)],
            Listeners = [new BrokerRegistrationRequest.Listener { Name = "PLAINTEXT", Host = "h", Port = 9092 }],
        };
        foreach (var feature in FeaturesImage.OfThisRelease)
        {
            request.Features.Add(new BrokerRegistrationRequest.Feature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
        }

        return request;
    }

    public BrokerHeartbeatResponse Heartbeat(int broker, long epoch, bool shutDown = false, bool fence = false) =>
        Ask<BrokerHeartbeatResponse>(new BrokerHeartbeatRequest
        {
            BrokerId = broker,
            BrokerEpoch = epoch,
            CurrentMetadataOffset = Image.LastOffset,
            WantShutDown = shutDown,
            WantFence = fence,
        });

    /// <summary>A topic of one partition on the given replicas.</summary>
    public void Create(string topic, int[] replicas, params (string Name, string Value)[] configs) =>
        Decide((view, records) => new TopicCreation(view).Decide(Topic(topic, replicas, configs), records));

    public static CreateTopicsRequest Topic(string topic, int[] replicas, params (string Name, string Value)[] configs)
    {
        var asked = new CreateTopicsRequest.CreatableTopic { Name = topic, NumPartitions = -1, ReplicationFactor = -1 };
        asked.Assignments.Add(new CreateTopicsRequest.CreatableReplicaAssignment { BrokerIds = [.. replicas] });
        foreach (var (name, value) in configs)
        {
            asked.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = name, Value = value });
        }

        return new CreateTopicsRequest { Topics = [asked] };
    }

    /// <summary>The leader of a topic's partition asks for an ISR, with everything else as the image has it.</summary>
    public AlterPartitionRequest IsrChange(string topic, params int[] isr)
    {
        var partition = Partition(topic);
        var asked = new AlterPartitionRequest.PartitionData
        {
            LeaderEpoch = partition.LeaderEpoch.Value,
            PartitionEpoch = partition.PartitionEpoch,
            LeaderRecoveryState = partition.LeaderRecoveryState,
        };
        foreach (var replica in isr)
        {
            asked.NewIsrWithEpochs.Add(new AlterPartitionRequest.BrokerState
            {
                BrokerId = replica,
                BrokerEpoch = Image.Cluster.Find(replica)?.Epoch ?? -1,
            });
        }

        return new AlterPartitionRequest
        {
            BrokerId = partition.Leader,
            BrokerEpoch = Image.Cluster.Find(partition.Leader)?.Epoch ?? -1,
            Topics =
            [
                new AlterPartitionRequest.TopicData
                {
                    TopicId = Image.Topics.Find(topic)!.Id,
                    Partitions = [asked],
                },
            ],
        };
    }

    private void SetClock(Instant instant) =>
        Clock.Now = new Now(instant, 1_700_000_000_000 + (instant.Microseconds / 1000));

    private Deterministic.Broker.Controller.Controller Compose()
    {
        var configs = new EffectiveConfigs(_properties, 1, Image.Configs);
        var view = new ControllerView(Image, configs, _prng.Fork(), new BrokerId(1));
        return new Deterministic.Broker.Controller.Controller(view, Quorum, _timers, Clock);
    }
}
