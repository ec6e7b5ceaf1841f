using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Checks;
using Deterministic.Runtime.Sim.Faults;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Workloads;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>Who asked for a turn with <see cref="Simulation.After"/>.</summary>
public interface IFaultlessTimer
{
    void Fired();
}

/// <summary>
/// One seed of one scenario, from an empty disk to the verdict: set up, workloads under faults, healing, rest, read
/// everything back, judge.
/// </summary>
/// <remarks>
/// Order: everything is drawn in one fixed order from the seed, each part from a fork of its own, so that one more
/// option in
/// one part leaves what the other parts draw as it was.
/// </remarks>
public sealed class Simulation : IFault
{
    private const long SetupLimitUs = 60_000_000;
    private const long ReadBackLimitUs = 120_000_000;
    private readonly Scenario _scenario;
    private readonly List<IWorkload> _workloads = [];
    private readonly List<TopicPlan> _topics = [];
    private readonly IReadOnlyList<ICheck> _checks;
    private readonly FilesArePrefix _files;
    private readonly StoreAgrees _store;
    private readonly ClusterInvariants? _cluster;
    private readonly List<IFaultlessTimer?> _timers = [];
    private readonly Prng _faultPrng;
    private readonly Prng _workloadPrng;
    private readonly long _forUs;
    private int _timerIndex;
    private long _nextProducer = 1;
    private int _nextConsumer = 1;

    public Simulation(Scenario scenario, ulong seed)
    {
        _scenario = scenario;
        var prng = new Prng(seed ^ 0x5EED_5EED_5EED_5EEDUL);
        World = new World(seed, Conditions.World(scenario, prng.Fork()));
        var nodePrng = prng.Fork();
        var topicPrng = prng.Fork();
        _workloadPrng = prng.Fork();
        _faultPrng = prng.Fork();
        _forUs = scenario.For.Draw(prng);
        AddNodes(nodePrng);
        var mode = BrokerConfig.GetValueOrDefault("log.durability.mode", "flush");
        foreach (var line in scenario.Each("topic"))
        {
            var topic = TopicPlan.Read(line, topicPrng.Fork());
            _topics.Add(topic);
            topic.Enter(History, Contract, mode);
        }

        _checks = CheckCatalog.Read(scenario.The("check"));
        _files = new FilesArePrefix(Contract);
        _store = new StoreAgrees(History, Contract);
        World.AddObserver(Contract);
        if (World.Nodes.Count == 1)
        {
            // Among several a follower's log is cut where it parted from its leader's, at any time.
            World.AddObserver(_files);
            World.AddObserver(_store);
        }
        else
        {
            _cluster = new ClusterInvariants(World, History, Contract);
            World.IsLevel = _cluster.AreReplicasLevel;
            World.AreVotersWhole = _cluster.AreVotersWhole;
            World.Watcher = _cluster;
        }

        World.AddObserver(new FaultCounter(Counters));
        foreach (var line in scenario.Each("workload"))
        {
            _workloads.Add(WorkloadCatalog.Make(this, line, _workloadPrng.Fork()));
        }
    }

    public World World { get; }

    public History History { get; } = new();

    public Contract Contract { get; } = new();

    public Counters Counters { get; } = new();

    /// <summary>Who is what.</summary>
    public ClusterShape Shape { get; private set; }

    /// <summary>The node that stays dead while the work is brought to its end; -1 for none.</summary>
    public int Outsider { get; private set; } = -1;

    /// <summary>Bootstrap addresses of every node.</summary>
    public IReadOnlyList<(string Host, int Port)> Addresses { get; private set; } = [];

    public SortedDictionary<string, string> BrokerConfig { get; } = new(StringComparer.Ordinal);

    /// <summary>The topic a line names with topic=, or the first one.</summary>
    public TopicPlan Topic(ScenarioLine line)
    {
        if (_topics.Count == 0)
        {
            throw line.Error("there is no topic to work on");
        }

        var name = line.Text("topic", _topics[0].Name);
        return _topics.Find(topic => topic.Name == name) ?? throw line.Error($"there is no topic '{name}'");
    }

    public long NextProducer() => _nextProducer++;

    public int NextConsumer() => _nextConsumer++;

    public ClientOptions AdminOptions(Prng prng) => new()
    {
        BootstrapServers = Addresses,
        ClientId = "admin",
        Seed = prng.NextUInt64(),
        RequestTimeout = Duration.FromSeconds(10),
    };

    /// <summary>Gives a workload its turn after this time.</summary>
    public void After(long us, IFaultlessTimer timer)
    {
        var free = _timers.IndexOf(null);
        if (free < 0)
        {
            free = _timers.Count;
            _timers.Add(null);
        }

        _timers[free] = timer;
        World.Queue.Add(World.Now + new Duration(us), new WorldEvent(WorldEventKind.Fault, _timerIndex, free));
    }

    /// <summary>A turn asked for with <see cref="After"/>.</summary>
    public void Strike(World world, int argument)
    {
        var timer = _timers[argument];
        _timers[argument] = null;
        timer?.Fired();
    }

    public void End(World world)
    {
    }

    public SimulationResult Run()
    {
        _timerIndex = World.AddFault(this);
        SetUp();
        if (World.Failure is null)
        {
            LiveThroughFaults();
        }

        if (World.Failure is null)
        {
            ComeToRest();
        }

        var verdict = new Verdict();
        if (World.Failure is null)
        {
            Judge(verdict);
        }

        CountFaults();
        Counters.Add("allowed-losses", verdict.AllowedLosses);
        Counters.Add("truncations-told", History.Truncations.Count);
        return new SimulationResult(World.Seed, World.Failure, World.Hash, Counters, World.Probes)
        {
            Report = World.Failure is null ? "" : NodeReport.Of(World),
            SimulatedUs = World.Now.Microseconds,
            Inputs = World.Inputs,
            Effects = World.EffectCount,
        };
    }

    private void AddNodes(Prng prng)
    {
        var shape = new ClusterShape(1, 0);
        if (_scenario.The("cluster") is { } cluster)
        {
            shape = new ClusterShape(cluster.Number("nodes", prng, 1, 1), 0);
            shape = cluster.Has("controllers") ? shape with { Controllers = cluster.Number("controllers", prng, 3, 3) } : shape;
            shape = cluster.Has("voters") ? shape with { FirstVoters = cluster.Number("voters", prng, 1, 3) } : shape;
            shape = cluster.Has("racks") ? shape with { Racks = cluster.Number("racks", prng, 2, 3) } : shape;
            cluster.End();
            if (shape.FirstVoters > shape.Nodes - shape.FirstController)
            {
                throw cluster.Error("'voters=' are more than there are controllers");
            }
        }

        Shape = shape;
        if (_scenario.The("budget") is { } budget)
        {
            World.MayBeOut = budget.Number("out", prng, 1, 1);
            budget.End();
        }

        World.BrokerCount = shape.Brokers;

        if (_scenario.The("broker") is { } broker)
        {
            var draws = prng.Fork();
            foreach (var (key, value) in broker.All(""))
            {
                BrokerConfig.Add(key, TopicPlan.Drawn(value, draws));
            }

            broker.End();
        }

        var addresses = new List<(string, int)>();
        for (var i = 0; i < shape.Nodes; i++)
        {
            if (i < shape.Brokers)
            {
                addresses.Add((World.HostName(i), NodeProcess.Port));
            }

            var id = i;
            var listeners = shape is { Controllers: 0, Nodes: > 1 } ? 2 : 1;
            var setting = Conditions.Node(_scenario, prng.Fork()) with { Listeners = listeners };
            Contract.DisksLie |= setting.Disk.BetraysFlushes;
            World.AddNode((effects, seed) => KernelNodes.Make(id, shape, BrokerConfig, effects, seed), setting);
            KernelNodes.Format(id, shape, World.Nodes[id].Disk);
        }

        Addresses = addresses;
    }

    private void SetUp()
    {
        foreach (var node in World.Nodes)
        {
            node.Start();
        }

        var admin = new AdminProgram(AdminOptions(_workloadPrng.Fork()));
        World.AddClient(admin).Start();
        var request = new CreateTopicsRequest { TimeoutMs = 30_000 };
        foreach (var topic in _topics)
        {
            var creatable = new CreateTopicsRequest.CreatableTopic
            {
                Name = topic.Name,
                NumPartitions = topic.Partitions,
                ReplicationFactor = (short)Math.Min(topic.Replicas, World.BrokerCount),
            };
            foreach (var (key, value) in topic.Config)
            {
                creatable.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = key, Value = value });
            }

            request.Topics.Add(creatable);
        }

        if (_topics.Count > 0)
        {
            admin.Do(new AdminTask(ApiKey.CreateTopics, request, answer => Created((CreateTopicsResponse)answer)));
        }

        World.Run(World.Now + new Duration(SetupLimitUs), () => admin.IsIdle && World.Nodes.TrueForAll(n => n.IsReady));
        if (World.Failure is null && !(admin.IsIdle && World.Nodes.TrueForAll(node => node.IsReady)))
        {
            World.Fail(FailureKind.Liveness, "set-up", admin.Waiting);
        }
    }

    private bool Created(CreateTopicsResponse response)
    {
        foreach (var topic in response.Topics)
        {
            var error = (ErrorCode)topic.ErrorCode;
            if (error is ErrorCode.InvalidConfig or ErrorCode.InvalidRequest or ErrorCode.PolicyViolation)
            {
                throw new ScenarioException($"{_scenario.File}: topic {topic.Name}: {error}: {topic.ErrorMessage}");
            }

            if (error is not (ErrorCode.None or ErrorCode.TopicAlreadyExists))
            {
                return false;
            }
        }

        return true;
    }

    private void LiveThroughFaults()
    {
        foreach (var workload in _workloads)
        {
            workload.Begin();
        }

        foreach (var line in _scenario.Each("fault"))
        {
            FaultCatalog.Add(World, line, _faultPrng.Fork());
        }

        World.Run(World.Now + new Duration(_forUs));
    }

    private void ComeToRest()
    {
        var core = _scenario.The("core") is { } line ? new HealedCore(World, line, _faultPrng) : null;
        Outsider = core?.Outsider ?? -1;
        World.Heal(Outsider);
        _timerIndex = World.AddFault(this);
        foreach (var workload in _workloads)
        {
            workload.Stop();
        }

        World.Run(World.Now + new Duration(_scenario.SettleUs), () => _workloads.TrueForAll(w => w.IsDone));
        core?.Complete();
        foreach (var workload in _workloads)
        {
            if (World.Failure is null && !workload.IsDone)
            {
                World.Fail(FailureKind.Liveness, "progress", workload.Waiting);
            }
        }
    }

    private void Judge(Verdict verdict)
    {
        // Several partitions share a connection: one that has nothing new must not hold up the others.
        var options = ReadWorkload.Options(this, _workloadPrng.Fork()) with { MaxWaitMs = 1 };
        var reader = new ReadProgram(History, _topics, options, NextConsumer(), Contract);
        World.AddClient(reader).Start();
        World.Run(World.Now + new Duration(ReadBackLimitUs), () => reader.IsAtEnd);
        if (World.Failure is null && !reader.IsAtEnd)
        {
            World.Fail(FailureKind.Liveness, "read-back", reader.Waiting);
            return;
        }

        World.Run(World.Now + new Duration(ReadBackLimitUs), () => _workloads.TrueForAll(workload => workload.HasCaughtUp));
        if (World.Failure is null && _workloads.Find(workload => !workload.HasCaughtUp) is { } behind)
        {
            World.Fail(FailureKind.Liveness, "readers", behind.Waiting);
            return;
        }

        if (_cluster is { } cluster)
        {
            World.Run(World.Now + new Duration(ReadBackLimitUs), cluster.AreReplicasLevel);
            if (World.Failure is null && !cluster.AreReplicasLevel())
            {
                World.Fail(FailureKind.Liveness, "replicas", "a replica does not come back into the ISR");
                return;
            }
        }

        // Small files follow the logs a moment later.
        World.Run(World.Now + Duration.FromSeconds(10));
        foreach (var node in World.Nodes)
        {
            _store.Judge(World, node, isAtRest: true);
        }

        foreach (var check in _checks)
        {
            if (check is HighWatermarkMonotonic && World.Nodes.Count > 1)
            {
                // A new leader may know of less than the one before showed; on each replica ClusterInvariants looks.
                continue;
            }

            check.Judge(History, Contract, verdict);
        }

        if (verdict.Violations.Count > 0)
        {
            var first = verdict.Violations[0];
            var more = verdict.Violations.Count > 1
                ? string.Create(CultureInfo.InvariantCulture, $" (and {verdict.Violations.Count - 1} more)")
                : "";
            World.Fail(first.Kind, first.Check, first.What + more);
        }
    }

    private void CountFaults()
    {
        foreach (var node in World.Nodes)
        {
            var disk = node.Disk.Faults;
            Counters.Add("fault:torn-file", disk.TornFiles);
            Counters.Add("fault:zeroed-file", disk.ZeroedFiles);
            Counters.Add("fault:lost-tail", disk.LostTails);
            Counters.Add("fault:lost-name", disk.LostNames);
            Counters.Add("fault:lost-request", disk.LostRequests);
            Counters.Add("fault:failed-flush", disk.FailedFlushes);
            Counters.Add("fault:failed-write", disk.FailedWrites);
            Counters.Add("fault:lost-write", disk.LostWrites);
            Counters.Add("fault:misdirected-write", disk.MisdirectedWrites);
            Counters.Add("fault:bit-flip", disk.BitFlips);
            Counters.Add("fault:disk-full", disk.DiskFull);
        }

        var network = World.Network.Faults;
        Counters.Add("fault:cut-frame", network.Cuts);
        Counters.Add("fault:reset", network.Resets);
        Counters.Add("fault:stall", network.Stalls);
        Counters.Add("fault:half-open", network.HalfOpens);
        Counters.Add("frames", World.Network.FramesDelivered);
        Counters.Add("files-compared", _files.Compared);
        Counters.Add("segments-examined", _store.Compared);
        if (_cluster is { } cluster)
        {
            Counters.Add("metadata-compared", cluster.MetadataCompared);
            Counters.Add("pictures-compared", cluster.PicturesCompared);
            Counters.Add("committed-compared", cluster.RecordsCompared);
            Counters.Add("watermarks-judged", cluster.MovesJudged);
            Counters.Add("restarts-judged", cluster.RestartsJudged);
            Counters.Add("fenced", World.Probes[(int)ProbePoint.BrokerFenced]);
            Counters.Add("leaders-elected", World.Probes[(int)ProbePoint.LeaderElected]);
        }
    }
}
