using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Net;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>
/// What runs in a client process: a machine that is told of connections, frames and time, and answers through its seat.
/// </summary>
public interface IClientProgram
{
    void Started(ClientProcess seat);

    void Connected(Socket socket);

    void FrameArrived(Socket socket, Memory<byte> frame);

    void Disconnected(Socket socket);

    void Woken();
}

/// <summary>
/// One client's process: connections over the simulated network and one wake-up at a time, like a node's, but no disk.
/// </summary>
public sealed class ClientProcess : IProcess
{
    private static readonly Duration ShortestSleep = new(50);
    private readonly World _world;
    private readonly IClientProgram _program;
    private readonly int _index;
    private readonly HostClock _clock;
    private Instant _wakeAt = Instant.Never;
    private Instant _wakeScheduled = Instant.Never;

    public ClientProcess(World world, int index, int host, IClientProgram program)
    {
        _world = world;
        _index = index;
        _program = program;
        Host = host;
        Prng = world.Prng.Fork();
        _clock = new HostClock(0, 0, 0);
    }

    public int Host { get; }

    public Instant BusyUntil { get; private set; }

    /// <summary>The program's own randomness.</summary>
    public Prng Prng { get; }

    public World World => _world;

    /// <summary>Both faces of now, as this client's host shows them.</summary>
    public Now Now => _clock.Read(_world.Now);

    public void Start() => _program.Started(this);

    public Socket Dial(int host, int port) => _world.Network.Dial(this, host, port, _world.Now);

    /// <summary>Room for one frame, its length prefix included.</summary>
    public Span<byte> Send(Socket socket, int length) => _world.Network.Write(socket, length, _world.Now);

    public void Close(Socket socket) => _world.Network.Close(socket, _world.Now);

    /// <summary>Replaces the wake-up asked for before.</summary>
    public void WakeAt(Instant at)
    {
        // A loop that asks for "now" again and again would stop the world's clock; a real one takes time.
        var asked = _clock.ToWorld(at);
        var soonest = _world.Now + ShortestSleep;
        _wakeAt = asked > soonest ? asked : soonest;
        ScheduleWake();
    }

    public void Pause(Instant until) => BusyUntil = until > BusyUntil ? until : BusyUntil;

    public void WakeDue()
    {
        _wakeScheduled = Instant.Never;
        if (_wakeAt > _world.Now || BusyUntil > _world.Now)
        {
            _wakeAt = _wakeAt > BusyUntil || _wakeAt == Instant.Never ? _wakeAt : BusyUntil;
            ScheduleWake();
            return;
        }

        _wakeAt = Instant.Never;
        _program.Woken();
    }

    public void Accepted(Socket socket, int port) => throw new InvalidOperationException("clients do not listen");

    public void Connected(Socket socket) => _program.Connected(socket);

    public void FrameArrived(Socket socket, Memory<byte> frame)
    {
        _program.FrameArrived(socket, frame);
        socket.ReturnFrames();
    }

    public void Disconnected(Socket socket) => _program.Disconnected(socket);

    private void ScheduleWake()
    {
        if (_wakeAt < _wakeScheduled)
        {
            _wakeScheduled = _wakeAt;
            var at = _wakeAt > _world.Now ? _wakeAt : _world.Now;
            _world.Queue.Add(at, new WorldEvent(WorldEventKind.ClientWake, _index));
        }
    }
}
