using System;
using Deterministic.Primitives;

namespace Deterministic.Clients;

/// <summary>Every kind of fact that can reach a client machine.</summary>
public enum ClientInputKind : byte
{
    /// <summary>Time has passed.</summary>
    Tick,

    /// <summary>A connection that was dialled is open.</summary>
    Connected,

    /// <summary>One whole frame without its length prefix; lent for this step.</summary>
    Received,

    /// <summary>A connection could not be opened or is gone.</summary>
    Closed,
}

/// <summary>One fact for a client machine.</summary>
public readonly struct ClientInput
{
    private ClientInput(ClientInputKind kind, ConnectionId connection, Memory<byte> bytes)
    {
        Kind = kind;
        Connection = connection;
        Bytes = bytes;
    }

    public ClientInputKind Kind { get; }

    public ConnectionId Connection { get; }

    public Memory<byte> Bytes { get; }

    public static ClientInput Tick() => new(ClientInputKind.Tick, default, default);

    public static ClientInput Connected(ConnectionId connection) => new(ClientInputKind.Connected, connection, default);

    public static ClientInput Received(ConnectionId connection, Memory<byte> frame) =>
        new(ClientInputKind.Received, connection, frame);

    public static ClientInput Closed(ConnectionId connection) => new(ClientInputKind.Closed, connection, default);
}
