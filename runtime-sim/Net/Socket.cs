using System;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Net;

/// <summary>What lives on a host and has connections.</summary>
public interface IProcess
{
    /// <summary>Which host it runs on; links are between hosts.</summary>
    int Host { get; }

    /// <summary>It takes nothing before this moment: it is paused, or its processor is.</summary>
    Instant BusyUntil { get; }

    /// <summary>A peer connected to a port it listens on.</summary>
    void Accepted(Socket socket, int port);

    /// <summary>A connection it dialled is up.</summary>
    void Connected(Socket socket);

    /// <summary>One whole frame, lent until <see cref="Socket.ReturnFrames"/>.</summary>
    void FrameArrived(Socket socket, Memory<byte> frame);

    /// <summary>The connection is gone, or never came to be. Said once.</summary>
    void Disconnected(Socket socket);
}

/// <summary>One end of a simulated connection.</summary>
public sealed class Socket
{
    internal Socket(long id, IProcess? owner, int host)
    {
        Id = id;
        Label = id;
        Owner = owner;
        Host = host;
    }

    /// <summary>Unique in the world, for both ends apart.</summary>
    public long Id { get; }

    /// <summary>True from the moment it is up until its owner is told that it is not.</summary>
    public bool IsOpen { get; internal set; }

    /// <summary>The number by which its owner knows it: the socket's own where the owner did not choose one.</summary>
    public long Label { get; set; }

    internal IProcess? Owner { get; set; }

    internal int Host { get; }

    /// <summary>The port that was dialled, at the end that was.</summary>
    internal int Port { get; set; }

    /// <summary>This end made the connection.</summary>
    internal bool Dialled { get; set; }

    /// <summary>The other end.</summary>
    public Socket Peer { get; internal set; } = null!;

    /// <summary>What the peer writes and this end reads.</summary>
    internal Pipe Incoming { get; } = new();

    internal bool IsPaused { get; set; }

    /// <summary>This end asked to close: it reads nothing more.</summary>
    internal bool IsClosing { get; set; }

    /// <summary>Call when no memory of frames handed out is used any more.</summary>
    public void ReturnFrames() => Incoming.ReturnFrames();
}
