using System;
using System.Collections.Generic;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Net;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// A client process around one machine of kernel/Clients: the same machine that the client library wraps. Turns
/// sockets into
/// client inputs and client effects into sockets.
/// </summary>
public abstract class MachineProgram : IClientProgram
{
    private readonly SortedDictionary<long, Socket> _sockets = [];
    private readonly Dictionary<long, long> _connections = [];
    private Instant _machineWakeAt = Instant.Never;

    protected ClientProcess Seat { get; private set; } = null!;

    protected ClientEffects Effects { get; } = new();

    protected Instant WorldNow => Seat.World.Now;

    public void Started(ClientProcess seat)
    {
        Seat = seat;
        Begin();
        Step(ClientInput.Tick());
    }

    public void Connected(Socket socket) => Step(ClientInput.Connected(IdOf(socket)));

    public void FrameArrived(Socket socket, Memory<byte> frame)
    {
        if (_connections.ContainsKey(socket.Id))
        {
            Step(ClientInput.Received(IdOf(socket), frame));
        }
    }

    public void Disconnected(Socket socket)
    {
        if (_connections.TryGetValue(socket.Id, out var id))
        {
            Drop(id, socket);
            Step(ClientInput.Closed(new ConnectionId(id)));
        }
    }

    public void Woken() => Step(ClientInput.Tick());

    /// <summary>When the program itself wants its next turn, besides what its machine asks for.</summary>
    protected virtual Instant OwnDeadline => Instant.Never;

    /// <summary>Everything a machine needs before its first step.</summary>
    protected abstract void Begin();

    /// <summary>Steps the machine and looks at what came of it.</summary>
    protected abstract void Take(in Now now, in ClientInput input);

    /// <summary>An extra step, for what the owner wants the machine to do now.</summary>
    protected void Step(in ClientInput input)
    {
        Take(Seat.Now, input);
        for (var i = 0; i < Effects.Count; i++)
        {
            CarryOut(i);
        }

        Effects.Clear();
        Seat.WakeAt(Instant.Min(_machineWakeAt, OwnDeadline));
    }

    private void CarryOut(int position)
    {
        switch (Effects.KindAt(position))
        {
            case ClientEffectKind.Dial:
                var dial = Effects.DialAt(position);
                var socket = Seat.Dial(World.HostOf(dial.Host), dial.Port);
                _sockets.Add(dial.Connection.Value, socket);
                _connections.Add(socket.Id, dial.Connection.Value);
                break;
            case ClientEffectKind.Send:
                var send = Effects.SendAt(position);
                if (_sockets.TryGetValue(send.Connection.Value, out var to) && to.IsOpen)
                {
                    send.Bytes.CopyTo(Seat.Send(to, send.Bytes.Length));
                }

                break;
            case ClientEffectKind.Close:
                var closing = Effects.CloseAt(position).Connection.Value;
                if (_sockets.TryGetValue(closing, out var closed))
                {
                    Drop(closing, closed);
                    Seat.Close(closed);
                }

                break;
            case ClientEffectKind.Wake:
                _machineWakeAt = Effects.WakeAt(position).At;
                break;
        }
    }

    private void Drop(long id, Socket socket)
    {
        _sockets.Remove(id);
        _connections.Remove(socket.Id);
    }

    private ConnectionId IdOf(Socket socket) => new(_connections.GetValueOrDefault(socket.Id, -1));
}
