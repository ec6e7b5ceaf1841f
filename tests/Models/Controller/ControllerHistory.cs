using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Tests.Models.Controller;

/// <summary>
/// A random life of a cluster, as its controller sees it: brokers start, stop, crash and fall silent, leaders ask for
/// ISRs, topics and configurations change, time passes, commits are late, and controllers fail over.
/// </summary>
/// <remarks>
/// Every record is replayed under the eyes of <see cref="ControllerOracle"/>, which also knows which replica holds which
/// record: a write is committed on the leader, on the ISR, and on whom a leader has asked to take in, exactly as
/// replication does it.
/// </remarks>
internal sealed class ControllerHistory
{
    private const int BrokerCount = 5;
    private static readonly string[] Modes = ["page-cache", "flush"];

    private readonly Prng _prng;
    private readonly ControllerWorld _world;
    private readonly ControllerOracle _oracle;
    private readonly List<ModelBroker> _brokers = [];
    private readonly List<(AlterPartitionRequest Request, string Topic)> _late = [];
    private int _topics;
    private bool _isMoving;

    public ControllerHistory(ulong seed)
    {
        _prng = new Prng(seed);
        var properties = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["unclean.leader.election.enable"] = _prng.OneIn(4) ? "true" : "false",
        };
        _world = new ControllerWorld(seed, properties);
        _oracle = new ControllerOracle(_world);
        for (var id = 1; id <= BrokerCount; id++)
        {
            _brokers.Add(new ModelBroker(id));
        }
    }

    public void Play(int steps)
    {
        try
        {
            Live(steps);
        }
        catch (Exception e)
        {
            var last = _oracle.Events.Skip(Math.Max(0, _oracle.Events.Count - 60));
            throw new InvalidOperationException(e.Message + "\n" + string.Join('\n', last), e);
        }
    }

    private void Live(int steps)
    {
        _world.Activate();
        foreach (var broker in _brokers)
        {
            Start(broker);
            _world.Quorum.CommitAll();
            Heartbeat(broker);
            _world.Quorum.CommitAll();
        }

        for (var i = 0; i < 3; i++)
        {
            CreateTopic();
            _world.Quorum.CommitAll();
        }

        _isMoving = true;
        for (var step = 0; step < steps; step++)
        {
            Move();
            _oracle.CheckAll();
        }

        _isMoving = false;
        Recover();
    }

    /// <summary>However it went: once every broker is back, every partition that lost nothing is led.</summary>
    private void Recover()
    {
        foreach (var broker in _brokers.Where(broker => broker is { IsUp: true, IsLeaving: true }))
        {
            Crash(broker);
        }

        for (var round = 0; round < 12; round++)
        {
            foreach (var broker in _brokers)
            {
                if (!broker.IsUp)
                {
                    Start(broker);
                }

                _world.Quorum.CommitAll();
                Heartbeat(broker);
                _world.Quorum.CommitAll();
            }

            _world.Advance(Duration.FromSeconds(2));
            _world.Quorum.CommitAll();
        }

        _oracle.CheckAll();
        _oracle.CheckEverythingLed();
    }

    private void Move()
    {
        var broker = _brokers[_prng.Next(BrokerCount)];
        switch (_prng.Next(24))
        {
            case 0 when !broker.IsUp:
            case 1 when !broker.IsUp:
                Start(broker);
                break;
            case 2 when broker.IsUp:
                Crash(broker);
                break;
            case 3 when broker.IsUp:
                ShutDown(broker);
                break;
            case 4 or 5 or 6 or 7 when broker.IsUp:
                Heartbeat(broker);
                break;
            case 8:
                _world.Advance(Duration.FromMilliseconds(_prng.Between(1, 4_000)));
                break;
            case 9:
                _brokers.FindAll(other => other.IsUp).ForEach(Heartbeat);
                break;
            case 10 or 11:
                _world.Quorum.CommitOne();
                break;
            case 12:
                _world.Quorum.CommitAll();
                break;
            case 13 when _prng.OneIn(4):
                _world.FailOver(_prng.Next(_world.Quorum.Pending + 1));
                break;
            case 14 when _prng.OneIn(4) && _topics < 12:
                CreateTopic();
                break;
            case 15 when _prng.OneIn(3):
                SetMinimum();
                break;
            case 16 or 17 or 18:
                AlterPartition();
                break;
            case 19 when _late.Count > 0:
                SendLate();
                break;
            case 20 when _prng.OneIn(2):
                Reassign();
                break;
            case 21 when _prng.OneIn(3):
                Elect();
                break;
            case 22 when _prng.OneIn(12):
                Unregister(broker);
                break;
            default:
                _oracle.Produce(_prng);
                break;
        }
    }

    private void Start(ModelBroker broker)
    {
        broker.Begin(Uuid.Random(_prng));
        Register(broker);
    }

    private void Register(ModelBroker broker)
    {
        var incarnation = broker.Incarnation;
        var request = _world.Registration(broker.Id, incarnation, broker.PreviousEpoch, null);
        _oracle.Starts(broker);
        _world.Requests.Handle(ApiKey.BrokerRegistration, request, answer =>
        {
            _oracle.Events.Add(FormattableString.Invariant(
                $"broker {broker.Id} registered {(ErrorCode)((BrokerRegistrationResponse)answer).ErrorCode}"));
            if (answer is BrokerRegistrationResponse { ErrorCode: 0 } registered
                && broker.IsUp
                && broker.Incarnation == incarnation)
            {
                broker.Epoch = registered.BrokerEpoch;
            }
        });
    }

    private void Crash(ModelBroker broker)
    {
        broker.End(isClean: false);
        _oracle.Crashed(broker.Id, _prng);
        if (_prng.Next(3) > 0)
        {
            _world.Requests.ConnectionLost(broker.Id);
        }
    }

    private void ShutDown(ModelBroker broker)
    {
        broker.IsLeaving = true;
        Heartbeat(broker);
    }

    private void Heartbeat(ModelBroker broker)
    {
        if (broker.Epoch < 0)
        {
            Register(broker);
            return;
        }

        var incarnation = broker.Incarnation;
        var request = new BrokerHeartbeatRequest
        {
            BrokerId = broker.Id,
            BrokerEpoch = broker.Epoch,
            CurrentMetadataOffset = _world.Image.LastOffset - (_isMoving && _prng.OneIn(3) ? _prng.Next(5) : 0),
            WantFence = _isMoving && _prng.OneIn(25),
            WantShutDown = broker.IsLeaving,
        };
        _world.Requests.Handle(ApiKey.BrokerHeartbeat, request, answer =>
        {
            var response = (BrokerHeartbeatResponse)answer;
            var what = (response.IsFenced ? "fenced" : "unfenced") + (response.ShouldShutDown ? ", may stop" : "");
            _oracle.Events.Add(FormattableString.Invariant(
                $"broker {broker.Id} heard {(ErrorCode)response.ErrorCode} {what}"));
            if (!broker.IsUp || broker.Incarnation != incarnation)
            {
                return;
            }

            if (response.ErrorCode == 0 && response.ShouldShutDown)
            {
                broker.End(isClean: true);
                _world.Requests.ConnectionLost(broker.Id);
            }
            else if (response.ErrorCode is (short)ErrorCode.StaleBrokerEpoch or (short)ErrorCode.BrokerIdNotRegistered)
            {
                broker.Epoch = -1;
            }
        });
    }

    private void CreateTopic()
    {
        var replicas = SomeBrokers();
        var request = ControllerWorld.Topic(
            FormattableString.Invariant($"t{_topics++}"),
            replicas,
            ("durability.mode", Modes[_prng.Next(2)]),
            ("min.insync.replicas", FormattableString.Invariant($"{1 + _prng.Next(3)}")));
        _world.Submit((view, records) => new TopicCreation(view).Decide(request, records), _ => { });
    }

    private void SetMinimum()
    {
        if (_world.Image.Topics.Count == 0)
        {
            return;
        }

        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource { ResourceType = 2, ResourceName = AnyTopic() };
        resource.Configs.Add(new IncrementalAlterConfigsRequest.AlterableConfig
        {
            Name = "min.insync.replicas",
            Value = FormattableString.Invariant($"{1 + _prng.Next(3)}"),
        });
        var request = new IncrementalAlterConfigsRequest { Resources = [resource] };
        _world.Submit((view, records) => new ConfigAlteration(view).Decide(request, records), _ => { });
    }

    private void Reassign()
    {
        if (_world.Image.Topics.Count == 0)
        {
            return;
        }

        var partition = new AlterPartitionReassignmentsRequest.ReassignablePartition();
        if (_prng.Next(4) > 0)
        {
            partition.Replicas = [.. SomeBrokers()];
        }

        var topic = new AlterPartitionReassignmentsRequest.ReassignableTopic { Name = AnyTopic(), Partitions = [partition] };
        var request = new AlterPartitionReassignmentsRequest { Topics = [topic] };
        _world.Submit((view, records) => new Reassignment(view).Decide(request, records), _ => { });
    }

    /// <summary>Unclean elections only where the oracle knows that records may be lost.</summary>
    private void Elect()
    {
        var request = new ElectLeadersRequest
        {
            ElectionType = (sbyte)(_oracle.IsUncleanAllowed && _prng.OneIn(3) ? 1 : 0),
            TopicPartitions = null,
        };
        _world.Submit((view, records) => new LeaderElection(view).Decide(request, records), _ => { });
    }

    private void Unregister(ModelBroker broker)
    {
        var request = new UnregisterBrokerRequest { BrokerId = broker.Id };
        var controller = _world.Controller;
        _world.Submit((_, records) => BrokerRemoval.Decide(controller, request, records), _ => { });
    }

    private int[] SomeBrokers() =>
        [.. _brokers.Select(broker => broker.Id).OrderBy(_ => _prng.NextUInt64()).Take(1 + _prng.Next(4))];

    private string AnyTopic() => _world.Image.Topics.All.ElementAt(_prng.Next(_world.Image.Topics.Count)).Name;

    /// <summary>A leader that lives asks for a smaller or larger ISR, and counts with the larger until it hears.</summary>
    private void AlterPartition()
    {
        if (_world.Image.Topics.Count == 0)
        {
            return;
        }

        var topic = AnyTopic();
        var partition = _world.Partition(topic);
        var leader = _brokers.Find(broker => broker.Id == partition.Leader);
        if (_oracle.IsAsking(topic)
            || leader is not { IsUp: true }
            || leader.Epoch != _world.Image.Cluster.Find(leader.Id)?.Epoch)
        {
            return;
        }

        var candidates = partition.Replicas.Where(replica =>
            replica == leader.Id
            || (partition.Isr.Contains(replica) ? _prng.Next(3) > 0 : MayFollow(replica) && _prng.Next(2) == 0));
        var isr = candidates.ToArray();
        var request = _world.IsrChange(topic, isr);
        if (partition.LeaderRecoveryState == 1)
        {
            isr = [leader.Id];
            request = _world.IsrChange(topic, leader.Id);
            request.Topics[0].Partitions[0].LeaderRecoveryState = 0;
        }

        _oracle.Asks(topic, partition, isr, request);
        if (_prng.OneIn(4))
        {
            _late.Add((request, topic));
            return;
        }

        Send(request, topic);
    }

    private bool MayFollow(int replica) =>
        _brokers[replica - 1] is { IsUp: true } broker && _world.Image.Cluster.Find(replica)?.Epoch == broker.Epoch;

    private void SendLate()
    {
        var (request, topic) = _late[_prng.Next(_late.Count)];
        if (_prng.OneIn(2))
        {
            _late.RemoveAll(late => late.Request == request);
        }

        Send(request, topic);
    }

    private void Send(AlterPartitionRequest request, string topic) => _world.Requests.Handle(
        ApiKey.AlterPartition,
        request,
        answer =>
        {
            if (!_oracle.Answered(topic, request, (AlterPartitionResponse)answer))
            {
                _late.Add((request, topic));
            }
        });
}

/// <summary>One broker process after the other, with one id.</summary>
internal sealed class ModelBroker(int id)
{
    private long _cleanEpoch = -1;

    public int Id => id;

    public bool IsUp { get; private set; }

    public bool IsLeaving { get; set; }

    public Uuid Incarnation { get; private set; }

    public long Epoch { get; set; } = -1;

    /// <summary>What the marker of a clean shutdown said when this life began.</summary>
    public long PreviousEpoch { get; private set; } = -1;

    public void Begin(Uuid incarnation)
    {
        IsUp = true;
        IsLeaving = false;
        Incarnation = incarnation;
        PreviousEpoch = _cleanEpoch;
        Epoch = -1;
        _cleanEpoch = -1;
    }

    public void End(bool isClean)
    {
        IsUp = false;
        _cleanEpoch = isClean ? Epoch : -1;
    }
}
