using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Peers;

/// <summary>All connections that this node made to others, and the way from an input to the channel it belongs to.</summary>
/// <remarks>
/// Inputs   Connected, Received, Closed of dialled connections
/// Effects  Dial, Send, Close
///
/// A connection that was given up is unknown here at once, whatever still arrives from it.
/// </remarks>
public sealed class PeerTable
{
    private readonly Effects _effects;
    private readonly StepClock _clock;
    private readonly Dictionary<long, PeerChannel> _channels = [];
    private long _nextConnection = -1;

    public PeerTable(Effects effects, Timers timers, StepClock clock, string clientId)
    {
        _effects = effects;
        _clock = clock;
        Timers = timers;
        ClientId = clientId;
    }

    /// <summary>What peers see as this node's client id.</summary>
    public string ClientId { get; }

    internal Timers Timers { get; }

    internal Instant Now => _clock.Now.Instant;

    /// <summary>A channel of its own; it connects when something is sent.</summary>
    public PeerChannel Open(PeerAddress address, string purpose) => new(this, address, purpose);

    public void Connected(ConnectionId connection) => Find(connection)?.Connected();

    public void Received(ConnectionId connection, Memory<byte> frame) => Find(connection)?.Received(frame);

    public void Closed(ConnectionId connection)
    {
        if (_channels.Remove(connection.Value, out var channel))
        {
            channel.Disconnected();
        }
    }

    internal ConnectionId Dial(PeerChannel channel)
    {
        var connection = new ConnectionId(_nextConnection--);
        _channels.Add(connection.Value, channel);
        _effects.Add(new Dial(connection, channel.Address.Host, channel.Address.Port));
        return connection;
    }

    internal void Send(ConnectionId connection, byte[] frame)
    {
        _effects.AddPart(frame);
        _effects.Send(connection, 1);
    }

    internal void HangUp(ConnectionId connection, string why)
    {
        _channels.Remove(connection.Value);
        _effects.Add(new Close(connection, why));
    }

    private PeerChannel? Find(ConnectionId connection) => _channels.GetValueOrDefault(connection.Value);
}
