using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Runtime.Sim.Time;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Net;

/// <summary>
/// Connections as TCP gives them: ordered, reliable until they break, exact bytes, cut anywhere. What goes wrong is
/// what
/// goes wrong with TCP: segments are late, directions stall, connections are reset, hosts vanish without a word and
/// leave
/// the other end half open.
/// </summary>
/// <remarks>
/// Inputs   Dial, Write, Close, Pause, Resume from processes; its own events back from the world's queue
/// Effects  calls of <see cref="IProcess"/>, only while handling an event, never from inside a process's own call
///
/// A partition holds bytes back, it does not lose them: after healing, retransmission delivers what was held, unless
/// somebody gave up on the connection before. One direction of one connection can be held back like that by itself. Whatever
/// the sender did after it began, hanging up and dying included, is then heard behind what is held, and late.
/// </remarks>
public sealed class SimulatedNetwork
{
    private readonly NetworkOptions _options;
    private readonly Prng _prng;
    private readonly WorldQueue _queue;
    private readonly List<Socket> _sockets = [];
    private readonly SortedDictionary<(int Host, int Port), IProcess> _listeners = [];
    private readonly HashSet<(int From, int To)> _blocked = [];
    private readonly Dictionary<(int From, int To), Instant> _clogs = [];
    private readonly Dictionary<(int From, int To), Latency> _slow = [];
    private readonly HashSet<int> _dark = [];

    public SimulatedNetwork(NetworkOptions options, Prng prng, WorldQueue queue)
    {
        _options = options;
        _prng = prng;
        _queue = queue;
    }

    public NetworkFaults Faults { get; } = new();

    /// <summary>Frames handed to processes.</summary>
    public long FramesDelivered { get; private set; }

    /// <summary>False once everything is to heal: no more resets and stalls by chance.</summary>
    public bool IsFaulty { get; set; } = true;

    public void Listen(int port, IProcess process)
    {
        _listeners[(process.Host, port)] = process;
        _dark.Remove(process.Host);
    }

    /// <summary>Begins a connection; Connected or Disconnected follows.</summary>
    public Socket Dial(IProcess from, int host, int port, Instant now)
    {
        var near = NewSocket(from, from.Host);
        var far = NewSocket(null, host);
        near.Peer = far;
        near.Dialled = true;
        far.Peer = near;
        far.Port = port;
        _queue.Add(now + _options.OneWay.Draw(_prng), new WorldEvent(WorldEventKind.Dial, Index(near)));
        return near;
    }

    /// <summary>Room for a frame, its prefix included, on its way to the peer; fill it at once.</summary>
    public Span<byte> Write(Socket socket, int length, Instant now)
    {
        var pipe = socket.Peer.Incoming;
        var room = pipe.Write(length);
        var end = pipe.Written;
        if (length > 1 && _prng.Chance(_options.Cut))
        {
            Faults.Cuts++;
            var cut = end - length;
            for (var pieces = _prng.Next(3); pieces >= 0; pieces--)
            {
                cut = _prng.Between(cut + 1, end - 1);
                pipe.AddSegment(cut, now + SegmentLatency(socket));
                if (cut == end - 1)
                {
                    break;
                }
            }
        }

        pipe.AddSegment(end, now + SegmentLatency(socket));
        Schedule(socket.Peer);
        return room;
    }

    /// <summary>Closes this end: the peer reads what was written, then the end. Disconnected follows on both.</summary>
    public void Close(Socket socket, Instant now)
    {
        if (socket.IsClosing)
        {
            return;
        }

        socket.IsClosing = true;
        if (!socket.IsOpen)
        {
            // Still on its way, or gone already: whatever comes of the dialling is hung up.
            return;
        }

        socket.Peer.Incoming.IsFinished = true;
        _queue.Add(now, new WorldEvent(WorldEventKind.Hangup, Index(socket)));
        socket.Peer.Incoming.AddSegment(socket.Peer.Incoming.Written, now + SegmentLatency(socket));
        Schedule(socket.Peer);
    }

    public void Pause(Socket socket) => socket.IsPaused = true;

    public void Resume(Socket socket, Instant now)
    {
        socket.IsPaused = false;
        _queue.Add(now, new WorldEvent(WorldEventKind.Readable, Index(socket)));
    }

    /// <summary>A process died and its host tells the peers so.</summary>
    public void ProcessDied(IProcess process, Instant now)
    {
        StopListening(process);
        foreach (var socket in _sockets)
        {
            if (socket.Owner == process)
            {
                socket.Owner = null;
                socket.IsOpen = false;
                var heardAt = now + _options.OneWay.Draw(_prng);
                if (socket.Peer.Incoming.IsStalled)
                {
                    // Its host goes on sending what it had written, and the end behind that.
                    socket.Peer.Incoming.IsFinished = true;
                    socket.Peer.Incoming.AddSegment(socket.Peer.Incoming.Written, heardAt);
                    Schedule(socket.Peer);
                }
                else
                {
                    HangUp(socket.Peer, heardAt);
                }
            }
        }
    }

    /// <summary>A host is gone without a word: its peers learn of it when they next write, or much later.</summary>
    public void HostWentDark(IProcess process, Instant now)
    {
        StopListening(process);
        _dark.Add(process.Host);
        foreach (var socket in _sockets)
        {
            if (socket.Owner == process)
            {
                socket.Owner = null;
                socket.IsOpen = false;
                if (socket.Peer.IsOpen)
                {
                    Faults.HalfOpens++;
                    HangUp(socket.Peer, now + new Duration(_prng.Between(1_000_000, 20_000_000)));
                }
            }
        }
    }

    /// <summary>From now on nothing that <paramref name="from"/> sends reaches <paramref name="to"/>.</summary>
    public void Block(int from, int to)
    {
        Faults.Partitions++;
        _blocked.Add((from, to));
    }

    public void Unblock(int from, int to, Instant now)
    {
        _blocked.Remove((from, to));
        Release(now);
    }

    /// <summary>Everything on this link waits until then.</summary>
    public void Clog(int from, int to, Instant until) => _clogs[(from, to)] = until;

    /// <summary>Everything on this link takes so much longer, until null is given.</summary>
    public void Slow(int from, int to, Latency? latency)
    {
        if (latency is { } by)
        {
            _slow[(from, to)] = by;
        }
        else
        {
            _slow.Remove((from, to));
        }
    }

    /// <summary>Every connection that is up at both ends: the end that dialled, in the order in which they were made.</summary>
    public IEnumerable<Socket> Connections()
    {
        foreach (var socket in _sockets)
        {
            if (socket.Dialled && socket.IsOpen && socket.Peer.IsOpen)
            {
                yield return socket;
            }
        }
    }

    /// <summary>From now on nothing reaches this end of one connection, while others between the same hosts go on.</summary>
    public static void Stall(Socket receiver) => receiver.Incoming.IsStalled = true;

    /// <summary>What a stall held back arrives after all, in order.</summary>
    public void Deliver(Socket receiver, Instant now)
    {
        receiver.Incoming.IsStalled = false;
        Release(receiver, now);
    }

    /// <summary>
    /// What a stall held back never arrives: the sender gives the connection up. Where <paramref name="isHeard"/> is false the
    /// other end goes on believing in it until it next writes.
    /// </summary>
    public void Lose(Socket receiver, bool isHeard, Instant now)
    {
        receiver.Incoming.IsStalled = false;
        receiver.Incoming.IsLost = true;
        HangUp(receiver.Peer, now);
        if (isHeard)
        {
            HangUp(receiver, now + _options.OneWay.Draw(_prng));
        }
    }

    /// <summary>No partition, no clog, no chance of either from now on.</summary>
    public void Heal(Instant now)
    {
        IsFaulty = false;
        _blocked.Clear();
        _clogs.Clear();
        _slow.Clear();
        Release(now);
    }

    public void Handle(in WorldEvent what, Instant now)
    {
        var socket = _sockets[what.Subject];
        if (socket.Owner is { } owner && owner.BusyUntil > now && what.Kind != WorldEventKind.Dial)
        {
            _queue.Add(owner.BusyUntil, what);
            return;
        }

        switch (what.Kind)
        {
            case WorldEventKind.Dial:
                DialArrived(socket, now);
                break;
            case WorldEventKind.DialDone:
                DialDone(socket, what.Argument == 1, now);
                break;
            case WorldEventKind.Hangup:
                Disconnect(socket);
                break;
            case WorldEventKind.Readable:
                TakeFrames(socket, now);
                break;
            default:
                SegmentArrived(socket, now);
                break;
        }
    }

    private static int Index(Socket socket) => (int)(socket.Id - 1);

    private Socket NewSocket(IProcess? owner, int host)
    {
        var socket = new Socket(_sockets.Count + 1, owner, host);
        _sockets.Add(socket);
        return socket;
    }

    private Duration SegmentLatency(Socket sender)
    {
        var latency = _options.OneWay.Draw(_prng);
        if (_slow.Count > 0 && _slow.TryGetValue((sender.Host, sender.Peer.Host), out var slow))
        {
            latency += slow.Draw(_prng);
        }

        if (IsFaulty && _prng.Chance(_options.Stall))
        {
            Faults.Stalls++;
            latency += _options.StallFor.Draw(_prng);
        }

        return latency;
    }

    private void StopListening(IProcess process)
    {
        foreach (var key in new List<(int, int)>(_listeners.Keys))
        {
            if (_listeners[key] == process)
            {
                _listeners.Remove(key);
            }
        }
    }

    private void DialArrived(Socket near, Instant now)
    {
        if (near.Owner is null)
        {
            // Who dialled has died meanwhile.
            return;
        }

        var far = near.Peer;
        var unreachable = _dark.Contains(far.Host)
            || _blocked.Contains((near.Host, far.Host))
            || _blocked.Contains((far.Host, near.Host));
        if (unreachable || !_listeners.TryGetValue((far.Host, far.Port), out var listener))
        {
            var answerAt = now + (unreachable ? _options.DialTimeout : _options.OneWay).Draw(_prng);
            _queue.Add(answerAt, new WorldEvent(WorldEventKind.DialDone, Index(near)));
            return;
        }

        if (listener.BusyUntil > now)
        {
            _queue.Add(listener.BusyUntil, new WorldEvent(WorldEventKind.Dial, Index(near)));
            return;
        }

        _queue.Add(now + _options.OneWay.Draw(_prng), new WorldEvent(WorldEventKind.DialDone, Index(near), 1));
        far.Owner = listener;
        far.IsOpen = true;
        listener.Accepted(far, far.Port);
    }

    private void DialDone(Socket near, bool isUp, Instant now)
    {
        if (near.Owner is not { } owner)
        {
            return;
        }

        if (near.IsClosing && isUp)
        {
            HangUp(near.Peer, now);
        }

        near.IsOpen = isUp && near.Peer.IsOpen && !near.IsClosing;
        if (near.IsOpen)
        {
            owner.Connected(near);
        }
        else
        {
            near.Owner = null;
            owner.Disconnected(near);
        }
    }

    private void Schedule(Socket receiver)
    {
        var pipe = receiver.Incoming;
        if (!pipe.IsScheduled && !pipe.IsHeld && pipe.HasSegments)
        {
            pipe.IsScheduled = true;
            var due = pipe.NextDue;
            if (_clogs.Count > 0 && _clogs.TryGetValue((receiver.Peer.Host, receiver.Host), out var until))
            {
                due = due < until ? until : due;
            }

            _queue.Add(due, new WorldEvent(WorldEventKind.Segment, Index(receiver)));
        }
    }

    private void SegmentArrived(Socket receiver, Instant now)
    {
        var pipe = receiver.Incoming;
        pipe.IsScheduled = false;
        if (IsHeldBack(receiver))
        {
            pipe.IsHeld = true;
            return;
        }

        if (receiver.Owner is null)
        {
            // Nobody is there. A host that is up says so; a dark one says nothing, and what one says into a stall is not heard.
            if (!_dark.Contains(receiver.Host) && !receiver.Peer.Incoming.IsStalled)
            {
                HangUp(receiver.Peer, now + _options.OneWay.Draw(_prng));
            }

            return;
        }

        if (IsFaulty && _prng.Chance(_options.Reset))
        {
            Faults.Resets++;
            HangUp(receiver, now);
            HangUp(receiver.Peer, now + _options.OneWay.Draw(_prng));
            return;
        }

        pipe.Arrive(now);
        TakeFrames(receiver, now);
        Schedule(receiver);
    }

    private void TakeFrames(Socket receiver, Instant now)
    {
        var pipe = receiver.Incoming;
        while (receiver.IsOpen && !receiver.IsPaused && !receiver.IsClosing && receiver.Owner is { } owner)
        {
            if (pipe.TryTakeFrame(_options.MaxFrameBytes, out var frame, out var isBad))
            {
                FramesDelivered++;
                owner.FrameArrived(receiver, frame);
                continue;
            }

            if (isBad)
            {
                Close(receiver, now);
            }
            else if (pipe.IsFinished && pipe.IsDrained)
            {
                HangUp(receiver, now);
            }

            return;
        }
    }

    private void HangUp(Socket socket, Instant at) =>
        _queue.Add(at, new WorldEvent(WorldEventKind.Hangup, Index(socket)));

    private void Disconnect(Socket socket)
    {
        if (!socket.IsOpen || socket.Owner is not { } owner)
        {
            return;
        }

        socket.IsOpen = false;
        socket.Owner = null;
        owner.Disconnected(socket);
    }

    private bool IsHeldBack(Socket receiver) =>
        receiver.Incoming.IsStalled || receiver.Incoming.IsLost
        || (_blocked.Count > 0 && _blocked.Contains((receiver.Peer.Host, receiver.Host)));

    private void Release(Instant now)
    {
        foreach (var socket in _sockets)
        {
            Release(socket, now);
        }
    }

    private void Release(Socket receiver, Instant now)
    {
        if (receiver.Incoming.IsHeld && !IsHeldBack(receiver))
        {
            receiver.Incoming.IsHeld = false;
            receiver.Incoming.IsScheduled = true;
            _queue.Add(now + _options.OneWay.Draw(_prng), new WorldEvent(WorldEventKind.Segment, Index(receiver)));
        }
    }
}
