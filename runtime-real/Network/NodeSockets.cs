using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Network;

/// <summary>Gives one input to the node.</summary>
internal delegate void InputSink(in Input input);

/// <summary>
/// All connections of one node: accepts, cuts frames out of what arrives and hands them up where they lie, sends what
/// it
/// is given. Knows nothing of Kafka beyond the four bytes of length before a frame.
/// </summary>
/// <remarks>
/// Inputs to the node: Opened, Received, Closed. A buffer that frames were handed up from is neither moved nor reused
/// before <see cref="Settle"/>, which the host calls after the effects are cleared.
/// </remarks>
internal sealed class NodeSockets : IDisposable
{
    /// <summary>Keys of listeners lie far below those of connections, which are above and below zero.</summary>
    private const long FirstListenerKey = long.MinValue + 1;

    private const long LastListenerKey = FirstListenerKey + 1000;

    private readonly INetwork _network;
    private readonly NodeLimits _limits;
    private readonly NodeDisk _disk;
    private readonly InputSink _input;
    private readonly FrameBuffers _frames;
    private readonly Dialler _dialler;
    private readonly HashSet<long> _dialling = [];
    private readonly List<BoundListener> _listeners = [];
    private readonly Dictionary<long, Connection> _connections = [];
    private readonly List<Connection> _touched = [];
    private readonly List<Connection> _sending = [];
    private readonly List<Connection> _again = [];
    private readonly List<Connection> _againNow = [];
    private readonly List<Connection> _starved = [];
    private readonly List<Connection> _sweepList = [];
    private readonly ReadOnlyMemory<byte>[] _vector = new ReadOnlyMemory<byte>[OutputQueue.MaxPieces];
    private long _nextConnection = 1;
    private bool _areListenersMuted;
    private bool _isStopping;
    private long _now;

    public NodeSockets(INetwork network, NodeLimits limits, NodeDisk disk, InputSink input, Dialler dialler)
    {
        _dialler = dialler;
        _network = network;
        _limits = limits;
        _disk = disk;
        _input = input;
        _frames = new FrameBuffers(limits);
    }

    public int Count => _connections.Count;

    /// <summary>Receive memory in use, for the metrics.</summary>
    public long ReceiveBytes => _frames.BytesInUse;

    /// <summary>Connections refused or cut for what they sent or cost, for the metrics.</summary>
    public long Refused { get; private set; }

    /// <summary>Frames wait in buffers already: the node must not sleep.</summary>
    public bool HasWork => _again.Count > 0;

    /// <summary>Bytes lent to the kernel since the last Settle.</summary>
    public long LentBytes { get; private set; }

    /// <summary>Takes over an open listening socket.</summary>
    public void Add(BoundListener listener)
    {
        _listeners.Add(listener);
        _network.Register(listener.Socket, FirstListenerKey + _listeners.Count - 1, read: true, write: false);
    }

    /// <summary>One fact from the poller.</summary>
    public void Handle(in Readiness ready, long nowMicroseconds)
    {
        _now = nowMicroseconds;
        if (ready.Key < LastListenerKey)
        {
            Accept((int)(ready.Key - FirstListenerKey));
            return;
        }

        if (!_connections.TryGetValue(ready.Key, out var connection))
        {
            return;
        }

        if (ready.IsBroken && !ready.CanRead)
        {
            Drop(connection);
            return;
        }

        if (ready.CanWrite)
        {
            SendOut(connection);
        }

        if (ready.CanRead && !connection.IsGone)
        {
            Read(connection);
        }
    }

    /// <summary>Frames that were held back by a pause, a full output queue or the round's own limit.</summary>
    public void HandleHeldBack()
    {
        if (_again.Count == 0)
        {
            return;
        }

        _againNow.AddRange(_again);
        _again.Clear();
        foreach (var connection in _againNow)
        {
            Cut(connection);
        }

        _againNow.Clear();
    }

    public void Pause(ConnectionId id)
    {
        if (_connections.TryGetValue(id.Value, out var connection))
        {
            connection.IsPaused = true;
        }
    }

    public void Resume(ConnectionId id)
    {
        if (_connections.TryGetValue(id.Value, out var connection) && connection.IsPaused)
        {
            connection.IsPaused = false;
            GoOn(connection);
        }
    }

    /// <summary>
    /// Carries out one Send: its parts join the connection's queue, and leave with <see cref="SendAll"/>.
    /// </summary>
    public void Send(in Send send, Effects effects)
    {
        if (!_connections.TryGetValue(send.Connection.Value, out var connection) || connection.IsClosing)
        {
            return;
        }

        for (var i = 0; i < send.PartCount; i++)
        {
            var part = effects.Part(send.FirstPart + i);
            if (!part.IsSlice)
            {
                connection.Output.Add(part.Bytes);
            }
            else if (_disk.Lease(part.Slice.File) is { } file)
            {
                connection.Output.Add(file, part.Slice.Position, part.Slice.Length);
            }
            else
            {
                // The answer cannot be completed: to the peer that is a broken connection.
                Drop(connection);
                return;
            }
        }

        if (!connection.HasOutput)
        {
            connection.HasOutput = true;
            _sending.Add(connection);
        }
    }

    /// <summary>Connects somewhere else; <see cref="Dialled"/> follows.</summary>
    public void Dial(in Dial dial)
    {
        _dialling.Add(dial.Connection.Value);
        _dialler.Dial(dial.Connection.Value, dial.Host, dial.Port);
    }

    /// <summary>Dialling ended: with a connected socket, or with none.</summary>
    public void Dialled(long key, System.Net.Sockets.Socket? connected, long nowMicroseconds)
    {
        var id = new ConnectionId(key);
        if (!_dialling.Remove(key) || connected is null)
        {
            connected?.Dispose();
            _input(Input.Closed(id));
            return;
        }

        var socket = _network.Adopt(connected);
        var connection = new Connection(id, listener: -1, socket, new OutputQueue(_vector))
        {
            LastActiveMicroseconds = nowMicroseconds,
            WatchesRead = true,
        };
        _connections.Add(key, connection);
        _network.Register(socket, key, read: true, write: false);
        _input(Input.Connected(id));
    }

    public void Close(ConnectionId id)
    {
        _dialling.Remove(id.Value);
        if (_connections.TryGetValue(id.Value, out var connection))
        {
            connection.IsClosing = true;
            if (connection.Output.IsEmpty)
            {
                Drop(connection);
            }
        }
    }

    /// <summary>Before the effects are cleared: sends what it can and copies what it cannot.</summary>
    public void SendAll()
    {
        foreach (var connection in _sending)
        {
            connection.HasOutput = false;
            if (!connection.IsGone)
            {
                SendOut(connection);
                connection.Output.Keep();
            }
        }

        _sending.Clear();
    }

    /// <summary>A slice that had to come from the disk is in the page cache.</summary>
    public void Warmed(long id)
    {
        if (_connections.TryGetValue(id, out var connection))
        {
            connection.IsWarming = false;
            SendOut(connection);
        }
    }

    /// <summary>After the effects are cleared: buffers move, grow or go back.</summary>
    public void Settle()
    {
        foreach (var connection in _touched)
        {
            connection.IsTouched = false;
            if (!_frames.Settle(connection))
            {
                Starve(connection);
            }
        }

        _touched.Clear();
        LentBytes = 0;
        if (_starved.Count > 0)
        {
            FeedStarved();
        }
    }

    /// <summary>
    /// About once a second: closes what is idle or stuck, and listens again after running out of descriptors.
    /// </summary>
    public void Sweep(long nowMicroseconds)
    {
        _now = nowMicroseconds;
        if (_areListenersMuted && !_isStopping)
        {
            MuteListeners(false);
        }

        _sweepList.AddRange(_connections.Values);
        foreach (var connection in _sweepList)
        {
            var quietMs = (nowMicroseconds - connection.LastActiveMicroseconds) / 1000;
            // When memory is short, those go who hold some and send nothing; those who wait for it stay.
            var isStuck = connection.IsClosing
                || (_starved.Count > 0 && connection.Buffer is not null && !connection.IsPaused);
            if (quietMs > (isStuck ? _limits.MaxStuckMs : _limits.MaxIdleMs))
            {
                Drop(connection);
            }
        }

        _sweepList.Clear();
    }

    /// <summary>No new connections; those open go on.</summary>
    public void StopListening()
    {
        _isStopping = true;
        foreach (var listener in _listeners)
        {
            _network.Unregister(listener.Socket);
            listener.Socket.Dispose();
        }

        _listeners.Clear();
    }

    public void Dispose()
    {
        StopListening();
        _dialler.Dispose();
        foreach (var connection in _connections.Values)
        {
            connection.Output.Drop();
            connection.Socket.Dispose();
        }

        _connections.Clear();
    }

    private void Accept(int at)
    {
        if (at >= _listeners.Count)
        {
            return;
        }

        var socket = _listeners[at].Socket.Accept(out var isExhausted);
        if (socket is null)
        {
            if (isExhausted)
            {
                // Level triggered: without this the loop would spin until somebody leaves.
                MuteListeners(true);
            }

            return;
        }

        if (_connections.Count >= _limits.MaxConnections)
        {
            Refused++;
            socket.Dispose();
            return;
        }

        var listener = _listeners[at].Listener;
        var id = new ConnectionId(_nextConnection++);
        var connection = new Connection(id, listener, socket, new OutputQueue(_vector))
        {
            LastActiveMicroseconds = _now,
            WatchesRead = true,
        };
        _connections.Add(id.Value, connection);
        _network.Register(socket, id.Value, read: true, write: false);
        _input(Input.Opened(id, listener, socket.Peer));
    }

    private void MuteListeners(bool mute)
    {
        _areListenersMuted = mute;
        for (var i = 0; i < _listeners.Count; i++)
        {
            _network.Change(_listeners[i].Socket, FirstListenerKey + i, read: !mute, write: false);
        }
    }

    private bool MayRead(Connection connection) =>
        !connection.IsPaused
        && !connection.IsClosing
        && !connection.IsStarved
        && !connection.IsGone
        && connection.Output.Bytes <= _limits.MaxOutputBytes;

    private void Read(Connection connection)
    {
        if (!MayRead(connection))
        {
            Watch(connection);
            return;
        }

        if (connection.Buffer is null && !_frames.TakeBuffer(connection))
        {
            Starve(connection);
            return;
        }

        var buffer = connection.Buffer!;
        var room = buffer.Capacity - connection.End;
        if (room == 0)
        {
            // Whole frames are held back in it; they go first.
            GoOn(connection);
            return;
        }

        Touch(connection);
        switch (connection.Socket.Receive(buffer.Memory.Slice(connection.End, room), out var count))
        {
            case Moved.Some:
                connection.LastActiveMicroseconds = _now;
                connection.End += count;
                if (count == room)
                {
                    FrameBuffers.RaiseAppetite(connection);
                }

                Cut(connection);
                break;
            case Moved.Gone:
                Drop(connection);
                break;
            case Moved.Blocked:
            default:
                break;
        }
    }

    /// <summary>Hands up every whole frame, until the kernel asks for a pause.</summary>
    private void Cut(Connection connection)
    {
        if (connection.Buffer is null)
        {
            return;
        }

        Touch(connection);
        while (MayRead(connection))
        {
            switch (_frames.Next(connection, out var frame))
            {
                case NextFrame.Whole:
                    LentBytes += frame.Length;
                    _input(Input.Received(connection.Id, frame));
                    break;
                case NextFrame.Absurd:
                    Refused++;
                    Drop(connection);
                    return;
                case NextFrame.Unfinished:
                default:
                    return;
            }
        }
    }

    private void Starve(Connection connection)
    {
        connection.IsStarved = true;
        _starved.Add(connection);
        Watch(connection);
    }

    private void FeedStarved()
    {
        _sweepList.AddRange(_starved);
        _starved.Clear();
        foreach (var connection in _sweepList)
        {
            connection.IsStarved = false;
            if (_frames.Settle(connection))
            {
                Watch(connection);
            }
            else
            {
                Starve(connection);
            }
        }

        _sweepList.Clear();
    }

    private void SendOut(Connection connection)
    {
        if (connection.IsGone || connection.IsWarming)
        {
            return;
        }

        var before = connection.Output.Bytes;
        var moved = connection.Output.SendTo(connection.Socket, _disk, out var cold);
        if (connection.Output.Bytes < before)
        {
            connection.LastActiveMicroseconds = _now;
        }

        if (moved == Moved.Gone || (connection.IsClosing && connection.Output.IsEmpty))
        {
            Drop(connection);
            return;
        }

        if (!cold.IsNone)
        {
            connection.IsWarming = true;
            _disk.WarmUp(connection.Id, cold.File!, cold.Position, cold.Length);
        }

        var wantsWrite = !connection.Output.IsEmpty && !connection.IsWarming;
        if (wantsWrite != connection.WatchesWrite)
        {
            Watch(connection);
        }

        if (before > _limits.MaxOutputBytes)
        {
            GoOn(connection);
        }
    }

    /// <summary>Reads again, beginning with what was held back in the buffer.</summary>
    private void GoOn(Connection connection)
    {
        if (!MayRead(connection))
        {
            return;
        }

        if (connection.Buffer is not null && connection.End > connection.Start)
        {
            _again.Add(connection);
        }

        if (!connection.WatchesRead)
        {
            Watch(connection);
        }
    }

    /// <summary>
    /// Tells the poller what is wanted now. Called only where that differs, or a useless event has come.
    /// </summary>
    private void Watch(Connection connection)
    {
        if (connection.IsGone)
        {
            return;
        }

        var read = MayRead(connection);
        var write = !connection.Output.IsEmpty && !connection.IsWarming;
        if (read != connection.WatchesRead || write != connection.WatchesWrite)
        {
            connection.WatchesRead = read;
            connection.WatchesWrite = write;
            _network.Change(connection.Socket, connection.Id.Value, read, write);
        }
    }

    private void Touch(Connection connection)
    {
        if (!connection.IsTouched)
        {
            connection.IsTouched = true;
            _touched.Add(connection);
        }
    }

    /// <summary>The end of a connection, whoever wanted it. Its buffer may be lent and goes back with Settle.</summary>
    private void Drop(Connection connection)
    {
        if (connection.IsGone)
        {
            return;
        }

        connection.IsGone = true;
        _connections.Remove(connection.Id.Value);
        _network.Unregister(connection.Socket);
        connection.Output.Drop();
        connection.Socket.Dispose();
        Touch(connection);
        _input(Input.Closed(connection.Id));
    }
}
