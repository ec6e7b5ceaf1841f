using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Net;
using Deterministic.Runtime.Sim.Time;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>What makes one world, apart from who lives in it.</summary>
public sealed record WorldSetting
{
    public NetworkOptions Network { get; init; } = new();

    public Schedule Schedule { get; init; } = Schedule.RandomWalk;

    /// <summary>How far a schedule may move an event.</summary>
    public long ScheduleWindowUs { get; init; } = 100;
}

/// <summary>Who wants to hear what the world does: checks, and the trace.</summary>
public interface IWorldObserver
{
    void Happened(World world, in Happening happening);
}

/// <summary>Who looks at a node each time it has done something.</summary>
public interface INodeWatcher
{
    /// <summary>The node has taken inputs, and everything that it asked for is under way.</summary>
    void Settled(NodeProcess node);
}

/// <summary>Something that breaks things, given its turns by the world's queue.</summary>
public interface IFault
{
    /// <summary>Its turn has come.</summary>
    void Strike(World world, int argument);

    /// <summary>Undo what is undone by hand; no more turns follow.</summary>
    void End(World world);
}

/// <summary>
/// One simulated world in one thread: nodes, clients, network, disks and time, everything drawn from one seed. The
/// only loop there is takes the next event and lets it happen.
/// </summary>
public sealed class World
{
    private readonly List<IWorldObserver> _observers = [];
    private readonly List<IFault> _faults = [];
    private TraceHash _hash;

    public World(ulong seed, WorldSetting setting)
    {
        Seed = seed;
        Prng = new Prng(seed);
        Queue = new WorldQueue(setting.Schedule, setting.ScheduleWindowUs, Prng.Fork());
        Network = new SimulatedNetwork(setting.Network, Prng.Fork(), Queue);
    }

    public ulong Seed { get; }

    /// <summary>
    /// Only for making parts: each part forks its own, so that one part's draws never move another's.
    /// </summary>
    public Prng Prng { get; }

    public WorldQueue Queue { get; }

    public SimulatedNetwork Network { get; }

    public List<NodeProcess> Nodes { get; } = [];

    /// <summary>The first so many nodes are brokers; in a cluster of separate roles the others are controllers only.</summary>
    public int BrokerCount { get; set; }

    /// <summary>So many nodes may be out at once: down, paused or cut off; a fault that would take one more waits.</summary>
    public int MayBeOut { get; set; } = int.MaxValue;

    /// <summary>Nodes that a fault has cut off.</summary>
    public SortedSet<int> CutOff { get; } = [];

    /// <summary>Whether the budget allows that this node goes out, too.</summary>
    public bool MaySpare(int victim)
    {
        var left = MayBeOut;
        foreach (var node in Nodes)
        {
            var isOut = node.Host == victim || !node.IsUp || node.BusyUntil > Now || CutOff.Contains(node.Host);
            left -= isOut ? 1 : 0;
        }

        return left >= 0;
    }

    /// <summary>Every replica is in its ISR: one disk may be lost. Null where nobody knows.</summary>
    public Func<bool>? IsLevel { get; set; }

    /// <summary>Every voter of the quorum runs on its own disk and has all on it: one may be lost. Null: nobody knows.</summary>
    public Func<bool>? AreVotersWhole { get; set; }

    public List<ClientProcess> Clients { get; } = [];

    public Instant Now { get; private set; } = new(1);

    /// <summary>Inputs that kernels were stepped with.</summary>
    public long Inputs { get; private set; }

    public long EffectCount { get; private set; }

    /// <summary>Times each probe point was reached.</summary>
    public int[] Probes { get; } = new int[256];

    /// <summary>Told of the node that reached a probe point.</summary>
    public Action<int, ProbePoint>? WhenReached { get; set; }

    /// <summary>Everything that happened, in one number.</summary>
    public ulong Hash => _hash.Value;

    /// <summary>The faults are over: a node that still stops, because it was asked to before, is started again.</summary>
    public bool IsHealed { get; private set; }

    /// <summary>The first thing that went wrong; the run ends there.</summary>
    public Failure? Failure { get; private set; }

    /// <summary>Where every event is written in words; null in a swarm.</summary>
    public TraceWriter? Trace { get; set; }

    /// <summary>The name by which clients and other nodes know a node's host.</summary>
    public static string HostName(int node) => string.Create(CultureInfo.InvariantCulture, $"n{node}");

    /// <summary>The host of that name; -1, on which nobody lives, for any other.</summary>
    public static int HostOf(string name) =>
        name.StartsWith('n') && int.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var host)
            ? host
            : -1;

    public NodeProcess AddNode(NodeFactory factory, NodeSetting setting)
    {
        var node = new NodeProcess(this, Nodes.Count, factory, setting);
        Nodes.Add(node);
        return node;
    }

    /// <summary>Clients live on hosts of their own, numbered from 1000.</summary>
    public ClientProcess AddClient(IClientProgram program)
    {
        var client = new ClientProcess(this, Clients.Count, 1000 + Clients.Count, program);
        Clients.Add(client);
        return client;
    }

    public int AddFault(IFault fault)
    {
        _faults.Add(fault);
        return _faults.Count - 1;
    }

    public void AddObserver(IWorldObserver observer) => _observers.Add(observer);

    /// <summary>Looks at every node from now on; null where nobody does.</summary>
    public INodeWatcher? Watcher { get; set; }

    public void StartNode(int node, Instant at) => Queue.Add(at, new WorldEvent(WorldEventKind.Start, node));

    /// <summary>
    /// Lets everything happen that happens before <paramref name="until"/>, or until something is wrong or done.
    /// </summary>
    public void Run(Instant until, Func<bool>? isDone = null)
    {
        while (Failure is null && (isDone is null || !isDone()) && Queue.TryTake(until, out var at, out var what))
        {
            Now = at > Now ? at : Now;
            Happen(what);
        }

        if (Failure is null && (isDone is null || !isDone()))
        {
            Now = until > Now ? until : Now;
        }
    }

    /// <summary>No fault strikes any more, what was cut is joined again, and every node runs, or every one but this.</summary>
    public void Heal(int staysDown = -1)
    {
        foreach (var fault in _faults)
        {
            fault.End(this);
        }

        _faults.Clear();
        IsHealed = true;
        Network.Heal(Now);
        for (var i = 0; i < Nodes.Count; i++)
        {
            if (i == staysDown)
            {
                Nodes[i].Kill();
            }
            else
            {
                StartNode(i, Now);
            }
        }

        Observe(new Happening(HappeningKind.FaultsEnded, -1));
    }

    public void Fail(FailureKind kind, string check, string what)
    {
        Failure ??= new Failure(kind, check, what);
        Trace?.Line(Now, "world", "FAILED " + check + ": " + what);
    }

    internal void NodeBroke(int node, Exception exception) =>
        Fail(FailureKind.Crash, exception.GetType().Name, FormattableString.Invariant($"node {node}: {exception}"));

    internal void Observe(Happening happening)
    {
        var dated = happening with { At = Now };
        _hash.Add(((long)happening.Kind << 32) + happening.Node);
        Trace?.Happened(dated);
        foreach (var observer in _observers)
        {
            observer.Happened(this, dated);
        }
    }

    internal void Record(NodeProcess node, in Now now, in Input input)
    {
        Inputs++;
        _hash.Add(((long)input.Kind << 56) ^ now.Instant.Microseconds ^ ((long)node.Host << 48));
        _hash.Add(now.WallMs ^ input.Connection.Value ^ input.Position ^ ((long)input.File.Value << 32) ^ input.Ticket);
        if (!input.Bytes.IsEmpty)
        {
            _hash.Add(input.Bytes.Span);
        }

        if (input.Image is { } image)
        {
            foreach (var file in image.Files)
            {
                _hash.Add(file.Length);
            }
        }

        Trace?.Stepped(Now, node.Host, input);
    }

    internal void Record(NodeProcess node, Effects effects, int position)
    {
        EffectCount++;
        var kind = effects.KindAt(position);
        _hash.Add(((long)kind << 56) ^ node.Host);
        switch (kind)
        {
            case EffectKind.Append:
                var append = effects.AppendAt(position);
                _hash.Add(append.Position ^ ((long)append.File.Value << 32));
                _hash.Add(append.Bytes.Span);
                break;
            case EffectKind.Flush:
                _hash.Add(effects.FlushAt(position).File.Value);
                break;
            case EffectKind.Wake:
                _hash.Add(effects.WakeAt(position).At.Microseconds);
                break;
            case EffectKind.Send:
                _hash.Add(effects.SendAt(position).Connection.Value ^ ((long)effects.SendAt(position).Length << 32));
                break;
            case EffectKind.Read:
                var read = effects.ReadAt(position);
                _hash.Add(read.Position ^ ((long)read.File.Value << 32) ^ ((long)read.Length << 16));
                break;
            default:
                break;
        }

        Trace?.Asked(Now, node.Host, effects, position);
    }

    /// <summary>A frame's bytes as they leave, slices included.</summary>
    internal void RecordBytes(ReadOnlySpan<byte> bytes) => _hash.Add(bytes);

    private void Happen(in WorldEvent what)
    {
        switch (what.Kind)
        {
            case WorldEventKind.Disk:
                if (!PutOff(Nodes[what.Subject], what))
                {
                    Nodes[what.Subject].DiskDue();
                }

                break;
            case WorldEventKind.Wake:
                if (!PutOff(Nodes[what.Subject], what))
                {
                    Nodes[what.Subject].WakeDue();
                }

                break;
            case WorldEventKind.Drain:
                Nodes[what.Subject].Drain();
                break;
            case WorldEventKind.Start:
                Nodes[what.Subject].Start();
                break;
            case WorldEventKind.ClientWake:
                Clients[what.Subject].WakeDue();
                break;
            case WorldEventKind.Fault:
                if (what.Subject < _faults.Count)
                {
                    _faults[what.Subject].Strike(this, what.Argument);
                }

                break;
            default:
                Network.Handle(what, Now);
                break;
        }
    }

    private bool PutOff(NodeProcess node, in WorldEvent what)
    {
        if (node.BusyUntil <= Now)
        {
            return false;
        }

        Queue.Add(node.BusyUntil, what);
        return true;
    }
}
