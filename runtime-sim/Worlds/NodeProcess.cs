using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Runtime.Sim.Net;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>The kernel's one method.</summary>
public delegate void NodeStep(in Now now, in Input input);

/// <summary>Makes a node that records into these effects; called at every start.</summary>
public delegate NodeStep NodeFactory(Effects effects, ulong seed);

/// <summary>
/// One node's process: feeds the kernel inputs from network, disk and clock, and carries out its effects. What
/// runtime-real does
/// with sockets and files, this does with simulated ones, with the same freedoms: several inputs may be stepped before
/// the effects are carried out.
/// </summary>
public sealed class NodeProcess : IProcess
{
    /// <summary>The port of listener 0 of every node; the next listener has the next port.</summary>
    public const int Port = 9092;

    private readonly World _world;
    private readonly NodeFactory _factory;
    private readonly Prng _prng;
    private readonly int _index;
    private readonly Dictionary<long, Socket> _sockets = [];
    private readonly List<Socket> _lenders = [];
    private Effects _effects = new();
    private NodeStep? _step;
    private Instant _wakeAt = Instant.Never;
    private Instant _wakeScheduled = Instant.Never;
    private Instant _diskScheduled = Instant.Never;
    private int _scanned;
    private bool _isDrainScheduled;

    public NodeProcess(World world, int index, NodeFactory factory, NodeSetting setting)
    {
        _world = world;
        _factory = factory;
        _index = index;
        _prng = world.Prng.Fork();
        Setting = setting;
        Clock = new HostClock(setting.SkewUs, setting.DriftPerMillion, setting.PacePerMillion);
        Disk = new SimulatedDisk(setting.Disk, _prng.Fork());
    }

    public NodeSetting Setting { get; }

    public SimulatedDisk Disk { get; }

    public HostClock Clock { get; }

    public int Host => _index;

    public Instant BusyUntil { get; private set; }

    public bool IsUp => _step is not null;

    /// <summary>The object whose step this process runs, for checkers and reports; null while it is down.</summary>
    public object? Kernel => _step?.Target;

    /// <summary>The kernel said that it serves.</summary>
    public bool IsReady { get; private set; }

    /// <summary>
    /// The broker epoch in which its disk was last taken away, or rotted: until the controller knows of a later one, it counts on
    /// what is gone.
    /// </summary>
    public long ForgotEpoch { get; private set; } = -1;

    /// <summary>
    /// Bits of its disk have turned over: while the controller calls its broker fenced, this life may still have to tell it.
    /// </summary>
    public bool HasRotted { get; private set; }

    /// <summary>How often its disk was taken away.</summary>
    public int Swaps { get; private set; }

    /// <summary>Starts so far.</summary>
    public int Lives { get; private set; }

    public void Start()
    {
        if (IsUp)
        {
            return;
        }

        Lives++;
        _effects = new Effects();
        _step = _factory(_effects, _prng.NextUInt64());
        Clock.Boot(_world.Now, _prng.Between(0, 3_600_000_000));
        _world.Observe(new Happening(HappeningKind.NodeStarted, _index, Lives));
        Step(Input.Started(Disk.Image()));
        if (IsUp)
        {
            for (var listener = 0; listener < Setting.Listeners; listener++)
            {
                _world.Network.Listen(Port + listener, this);
            }
        }
    }

    /// <summary>The process is killed; the host and its cache live on.</summary>
    public void Kill()
    {
        if (IsUp)
        {
            _world.Observe(new Happening(HappeningKind.NodeKilled, _index, Lives));
            Disk.LoseProcess();
            Die();
            _world.Network.ProcessDied(this, _world.Now);
        }
    }

    /// <summary>The host loses power; whether the process ran or not, the cache is gone.</summary>
    public void LosePower()
    {
        _world.Observe(new Happening(HappeningKind.PowerLost, _index, Lives));
        Disk.LosePower();
        Die();
        _world.Network.HostWentDark(this, _world.Now);
    }

    /// <summary>
    /// The host is replaced by one with another disk, empty or filled with a copy, and stays dark. What the broker of this epoch
    /// said that it holds, it holds no more.
    /// </summary>
    public void SwapDisk(IReadOnlyList<(string Path, byte[] Bytes)> copy, long brokerEpoch)
    {
        LosePower();
        Disk.Wipe();
        foreach (var (path, bytes) in copy)
        {
            Disk.Place(path, bytes);
        }

        Swaps++;
        ForgotEpoch = brokerEpoch;
        _world.Observe(new Happening(copy.Count == 0 ? HappeningKind.DiskWiped : HappeningKind.DiskTurnedBack, _index, Lives));
    }

    /// <summary>
    /// A bit of a flushed file turns over while the node is down. What the broker of this epoch said that it holds, it holds no
    /// more.
    /// </summary>
    public void Rot(string path, long position, int bit, long brokerEpoch)
    {
        Invariant.Check(!IsUp);
        Disk.Rot(path, position, bit);
        HasRotted = true;
        ForgotEpoch = brokerEpoch;
        _world.Observe(new Happening(HappeningKind.DiskRotted, _index, position) { Text = path });
    }

    /// <summary>Takes nothing until then, while the clocks go on: a long collection, a stopped machine.</summary>
    public void Pause(Instant until) => BusyUntil = until > BusyUntil ? until : BusyUntil;

    public void AskToStop() => Step(Input.StopRequested());

    public void Accepted(Socket socket, int port)
    {
        _sockets.Add(socket.Id, socket);
        Step(Input.Opened(new ConnectionId(socket.Id), port - Port, "10.0.0.1"));
    }

    public void Connected(Socket socket) => Step(Input.Connected(new ConnectionId(socket.Label)));

    public void FrameArrived(Socket socket, Memory<byte> frame)
    {
        _lenders.Add(socket);
        Step(Input.Received(new ConnectionId(socket.Label), frame));
    }

    public void Disconnected(Socket socket)
    {
        if (_sockets.Remove(socket.Label))
        {
            Step(Input.Closed(new ConnectionId(socket.Label)));
        }
    }

    /// <summary>The disk may have answers.</summary>
    public void DiskDue()
    {
        _diskScheduled = Instant.Never;
        while (IsUp && Disk.TryTake(_world.Now, out var answer))
        {
            Step(answer);
        }

        ScheduleDisk();
    }

    /// <summary>The moment the kernel asked to be woken at, or one it has moved since.</summary>
    public void WakeDue()
    {
        _wakeScheduled = Instant.Never;
        if (!IsUp || _wakeAt == Instant.Never)
        {
            return;
        }

        if (_wakeAt <= _world.Now)
        {
            _wakeAt = Instant.Never;
            Step(Input.Tick());
        }

        ScheduleWake();
    }

    /// <summary>Carries out what was recorded.</summary>
    public void Drain()
    {
        _isDrainScheduled = false;
        if (!IsUp)
        {
            return;
        }

        try
        {
            for (var i = 0; i < _effects.Count && IsUp; i++)
            {
                CarryOut(i);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // An effect that no world could carry out is as wrong as a step that fails.
            _world.NodeBroke(_index, exception);
            Kill();
            return;
        }

        _effects.Clear();
        _scanned = 0;
        foreach (var socket in _lenders)
        {
            socket.ReturnFrames();
        }

        _lenders.Clear();
        ScheduleDisk();
        ScheduleWake();
        _world.Watcher?.Settled(this);
    }

    private void Die()
    {
        _step = null;
        IsReady = false;
        BusyUntil = Instant.Zero;
        _sockets.Clear();
        _effects.Clear();
        _lenders.Clear();
        _scanned = 0;
        _wakeAt = Instant.Never;
        _isDrainScheduled = false;
    }

    private void Step(in Input input)
    {
        if (_step is not { } step)
        {
            return;
        }

        var now = Clock.Read(_world.Now);
        _world.Record(this, now, input);
        try
        {
            step(now, input);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            _world.NodeBroke(_index, exception);
            Kill();
            return;
        }

        ObeyPauses();
        if (_isDrainScheduled)
        {
            return;
        }

        if (_prng.Chance(Setting.Coalesce))
        {
            _isDrainScheduled = true;
            var at = _world.Now + new Duration(_prng.Between(1, 50));
            _world.Queue.Add(at, new WorldEvent(WorldEventKind.Drain, _index));
            return;
        }

        Drain();
    }

    /// <summary>Pause binds with the very next frame, so it cannot wait for the drain.</summary>
    private void ObeyPauses()
    {
        for (; _scanned < _effects.Count; _scanned++)
        {
            var kind = _effects.KindAt(_scanned);
            if (kind == EffectKind.Pause
                && _sockets.TryGetValue(_effects.PauseAt(_scanned).Connection.Value, out var socket))
            {
                _world.Network.Pause(socket);
            }
            else if (kind == EffectKind.Resume
                && _sockets.TryGetValue(_effects.ResumeAt(_scanned).Connection.Value, out socket))
            {
                _world.Network.Resume(socket, _world.Now);
            }
        }
    }

    private void CarryOut(int position)
    {
        _world.Record(this, _effects, position);
        switch (_effects.KindAt(position))
        {
            case EffectKind.Send:
                Send(_effects.SendAt(position));
                break;
            case EffectKind.Dial:
                Dial(_effects.DialAt(position));
                break;
            case EffectKind.Close:
                if (_sockets.TryGetValue(_effects.CloseAt(position).Connection.Value, out var socket))
                {
                    _world.Network.Close(socket, _world.Now);
                }

                break;
            case EffectKind.Wake:
                _wakeAt = Clock.ToWorld(_effects.WakeAt(position).At);
                break;
            case EffectKind.Note:
                var note = _effects.NoteAt(position);
                if (note.Kind == NoteKind.Ready)
                {
                    IsReady = true;
                    _world.Observe(new Happening(HappeningKind.NodeReady, _index, Lives));
                }

                break;
            case EffectKind.Probe:
                var point = _effects.ProbeAt(position).Point;
                _world.Probes[(int)point]++;
                _world.WhenReached?.Invoke(_index, point);
                break;
            case EffectKind.Halt:
                Halted(_effects.HaltAt(position));
                break;
            case EffectKind.Pause or EffectKind.Resume:
                break;
            default:
                Invariant.Check(Disk.Execute(_effects, position, _world.Now));
                break;
        }
    }

    private void Dial(in Dial dial)
    {
        var socket = _world.Network.Dial(this, World.HostOf(dial.Host), dial.Port, _world.Now);
        socket.Label = dial.Connection.Value;
        _sockets.Add(socket.Label, socket);
    }

    private void Send(in Send send)
    {
        if (!_sockets.TryGetValue(send.Connection.Value, out var socket) || !socket.IsOpen)
        {
            return;
        }

        var frame = _world.Network.Write(socket, send.Length, _world.Now);
        var at = 0;
        for (var i = 0; i < send.PartCount; i++)
        {
            var part = _effects.Part(send.FirstPart + i);
            if (part.IsSlice)
            {
                Disk.ReadSlice(part.Slice, frame.Slice(at, part.Length));
            }
            else
            {
                part.Bytes.Span.CopyTo(frame[at..]);
            }

            at += part.Length;
        }

        _world.RecordBytes(frame);
    }

    private void Halted(in Halt halt)
    {
        var kind = halt.IsClean ? HappeningKind.NodeStopped : HappeningKind.NodeHalted;
        _world.Observe(new Happening(kind, _index, Lives) { Text = halt.Why });
        if (!halt.IsClean && !Disk.HasFailed)
        {
            _world.NodeBroke(_index, new InvariantBrokenException("halted without a failing disk: " + halt.Why));
        }

        // An orderly exit: everything asked of the disk is carried out by the process before it ends.
        if (halt.IsClean)
        {
            Disk.Settle();
        }

        Disk.LoseProcess();
        Die();
        _world.Network.ProcessDied(this, _world.Now);
        if (_world.IsHealed || !halt.IsClean)
        {
            // Whoever supervises the process starts it again.
            _world.StartNode(_index, _world.Now + Duration.FromMilliseconds(100));
        }
    }

    private void ScheduleDisk()
    {
        var due = Disk.NextDue;
        if (IsUp && due < _diskScheduled)
        {
            _diskScheduled = due;
            _world.Queue.Add(due > _world.Now ? due : _world.Now, new WorldEvent(WorldEventKind.Disk, _index));
        }
    }

    private void ScheduleWake()
    {
        if (IsUp && _wakeAt < _wakeScheduled)
        {
            _wakeScheduled = _wakeAt;
            var at = _wakeAt > _world.Now ? _wakeAt : _world.Now;
            _world.Queue.Add(at, new WorldEvent(WorldEventKind.Wake, _index));
        }
    }
}
