using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Log;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Peers;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Tests.Models.Metadata;

/// <summary>
/// The metadata of one node on a simulated disk: brought up, asked, killed, and brought up again, as often as a test
/// wants.
/// </summary>
internal sealed class MetadataWorld
{
    private static readonly DiskOptions QuietDisk = new()
    {
        Flush = new Latency(50, 2_000),
        Write = new Latency(2, 40),
        Read = new Latency(5, 50),
        Names = new Latency(50, 500),
    };

    private readonly Effects _effects = new();
    private readonly StepClock _clock = new();
    private readonly int _node;
    private readonly SortedDictionary<string, string> _properties;
    private readonly ulong _seed;
    private Instant _now;
    private Files _files;
    private PeerTable _peers = null!;
    private ConnectionId _dialled;

    private readonly SnapshotLimits _snapshots;

    private readonly bool _hasFixedVoters;

    public MetadataWorld(
        ulong seed = 1,
        int node = 1,
        SortedDictionary<string, string>? properties = null,
        SimulatedDisk? disk = null,
        SnapshotLimits? snapshots = null,
        bool hasFixedVoters = false)
    {
        _hasFixedVoters = hasFixedVoters;
        _snapshots = snapshots ?? new SnapshotLimits();
        _seed = seed;
        _node = node;
        _properties = properties ?? new SortedDictionary<string, string>(StringComparer.Ordinal);
        Disk = disk ?? new SimulatedDisk(QuietDisk, new Prng(seed));
        _files = new Files(_effects);
        Cluster = Compose();
    }

    public SimulatedDisk Disk { get; }

    public ClusterMetadata Cluster { get; private set; }

    public MetadataImage Image => Cluster.Image;

    public bool IsUp { get; private set; }

    /// <summary>Loads from what the disk holds, and runs until nothing is left to do.</summary>
    public MetadataWorld Start()
    {
        Tick();
        Routine.Run(Load(), () => IsUp = Cluster.Refusal is null);
        Run();
        return this;
    }

    /// <summary>The process dies, or the power goes; a new process starts on what is left.</summary>
    public void Restart(bool powerLoss)
    {
        _effects.Clear();
        if (powerLoss)
        {
            Disk.LosePower();
        }
        else
        {
            Disk.LoseProcess();
        }

        IsUp = false;
        _files = new Files(_effects);
        Cluster = Compose();
        Start();
    }

    /// <summary>Answers of the disk, one after the other, until there is none due or the steps are used up.</summary>
    public void Run(int steps = int.MaxValue)
    {
        Drain();
        while (steps-- > 0 && Disk.NextDue != Instant.Never)
        {
            _now = Instant.Min(Disk.NextDue, Instant.Never);
            Tick();
            if (Disk.TryTake(_now, out var answer))
            {
                Take(answer);
                Drain();
            }
        }
    }

    /// <summary>The peer that was dialled last takes the connection and answers the first request on it.</summary>
    public void AnswerPeer(ApiKey key, IMessage response)
    {
        _peers.Connected(_dialled);
        var header = new RequestHeader(key, ApiTable.Highest(key), 0, "test");
        _peers.Received(_dialled, Frames.Response(header, response).AsMemory(sizeof(int)));
        Run();
    }

    /// <summary>Decides one operation at the controller; its answer comes when it is committed.</summary>
    public void Submit<T>(Func<List<MetadataRecord>, T> decide, Action<T> answered)
    {
        Tick();
        Cluster.Controller.TrySubmit(() =>
        {
            var records = new List<MetadataRecord>();
            var response = decide(records);
            return new Decision(records, () => answered(response));
        });
        Drain();
    }

    /// <summary>The same, and waits for the answer.</summary>
    public T Ask<T>(Func<List<MetadataRecord>, T> decide)
        where T : class
    {
        T? got = null;
        Submit(decide, response => got = response);
        Run();
        return got ?? throw new InvalidOperationException("no answer");
    }

    public CreateTopicsResponse Create(params CreateTopicsRequest.CreatableTopic[] topics) => Ask(
        records => new TopicCreation(Cluster.Controller.View)
            .Decide(new CreateTopicsRequest { Topics = [.. topics] }, records));

    public static CreateTopicsRequest.CreatableTopic Topic(
        string name, int partitions = 1, short factor = 1, params (string Name, string? Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = factor,
        };
        foreach (var (key, value) in configs)
        {
            topic.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = key, Value = value });
        }

        return topic;
    }

    /// <summary>The quorum, and the broker of this node as it registers and says once that it lives.</summary>
    private IEnumerator<Ticket> Load()
    {
        var loading = Cluster.Load(Disk.Image());
        while (loading.MoveNext())
        {
            yield return loading.Current;
        }

        if (Cluster.Refusal is not null)
        {
            yield break;
        }

        var registration = new BrokerRegistrationRequest
        {
            BrokerId = _node,
            ClusterId = Cluster.ClusterId.ToString(),
            IncarnationId = Uuid.Random(Cluster.Controller.View.Prng),
            LogDirs = [Cluster.Quorum.Identity.DirectoryId],
            PreviousBrokerEpoch = Cluster.BrokerEpoch,
            Listeners = [new BrokerRegistrationRequest.Listener { Name = "PLAINTEXT", Host = "localhost", Port = 9092 }],
        };
        foreach (var feature in FeaturesImage.OfThisRelease)
        {
            registration.Features.Add(new BrokerRegistrationRequest.Feature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
        }

        var registered = new Ticket();
        Cluster.Requests.Handle(ApiKey.BrokerRegistration, registration, _ => registered.Complete());
        yield return registered;
        var heartbeat = new BrokerHeartbeatRequest
        {
            BrokerId = _node,
            BrokerEpoch = Cluster.BrokerEpoch,
            CurrentMetadataOffset = Image.LastOffset,
        };
        var unfenced = new Ticket();
        Cluster.Requests.Handle(ApiKey.BrokerHeartbeat, heartbeat, _ => unfenced.Complete());
        yield return unfenced;
    }

    private ClusterMetadata Compose()
    {
        var timers = new Timers();
        var environment = new LogEnvironment(_files, _effects, timers, new Prng(_seed));
        _peers = new PeerTable(_effects, timers, _clock, "test");
        var quorum = new QuorumEnvironment(environment, _clock, _peers, new BrokerId(_node), null)
        {
            Endpoints = [new VoterEndpoint(Voter.UsualListener, "localhost", 9093)],
            Snapshots = _snapshots,
            StaticVoters = _hasFixedVoters ? [new PeerAddress(_node, "localhost", 9093)] : [],
        };
        return new ClusterMetadata(quorum, _properties);
    }

    private void Tick() => _clock.Now = new Now(_now, 1_700_000_000_000 + (_now.Microseconds / 1000));

    private void Drain()
    {
        for (var position = 0; position < _effects.Count; position++)
        {
            if (_effects.KindAt(position) == EffectKind.Dial)
            {
                _dialled = _effects.DialAt(position).Connection;
            }

            Disk.Execute(_effects, position, _now);
        }

        _effects.Clear();
    }

    private void Take(in Input input)
    {
        switch (input.Kind)
        {
            case InputKind.Written:
                _files.WrittenTo(input.File, input.Position, _clock.Now);
                break;
            case InputKind.Flushed:
                _files.FlushedTo(input.File, input.Position, _clock.Now);
                break;
            default:
                _files.Answered(input.Ticket, input.Bytes);
                break;
        }
    }
}
