using System;
using System.Net;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Network;

/// <summary>
/// A socket that can be read or written without waiting, or that is broken whether anybody watches it or not. The key
/// is
/// what it was registered with.
/// </summary>
internal readonly record struct Readiness(long Key, bool CanRead, bool CanWrite, bool IsBroken);

/// <summary>
/// The way to the network: Linux's own calls (<see cref="EpollNetwork"/>) or the framework's sockets
/// (<see cref="PortableNetwork"/>). Both are driven by the same loop and pass the same tests.
/// </summary>
internal interface INetwork : IDisposable
{
    /// <summary>For the log: which twin this is.</summary>
    string Name { get; }

    /// <summary>Binds and listens. Throws <see cref="System.Net.Sockets.SocketException"/>.</summary>
    IListeningSocket Listen(IPEndPoint at);

    /// <summary>Takes over a connected socket that the node dialled.</summary>
    IByteSocket Adopt(System.Net.Sockets.Socket connected);

    void Register(IPollable socket, long key, bool read, bool write);

    void Change(IPollable socket, long key, bool read, bool write);

    void Unregister(IPollable socket);

    /// <summary>
    /// Waits until something is ready, <see cref="Wake"/> is called or the time is over. Level triggered.
    /// </summary>
    int Wait(Span<Readiness> ready, int timeoutMs);

    /// <summary>Ends a Wait, now or the next one. May be called by any thread.</summary>
    void Wake();
}

/// <summary>What can be registered with the network.</summary>
internal interface IPollable : IDisposable
{
    /// <summary>The framework's socket: it owns the descriptor in both twins.</summary>
    System.Net.Sockets.Socket Handle { get; }
}

/// <summary>A socket that accepts.</summary>
internal interface IListeningSocket : IPollable
{
    IPEndPoint At { get; }

    /// <summary>
    /// One waiting connection, or null where there is none. <paramref name="isExhausted"/>: no descriptors left.
    /// </summary>
    IByteSocket? Accept(out bool isExhausted);
}

/// <summary>How an attempt to move bytes ended.</summary>
internal enum Moved : byte
{
    /// <summary>Some bytes moved, see the count.</summary>
    Some,

    /// <summary>Nothing now; wait until the socket is ready.</summary>
    Blocked,

    /// <summary>The connection has ended or broken, or a file is shorter than it was.</summary>
    Gone,
}

/// <summary>A connected socket that never waits.</summary>
internal interface IByteSocket : IPollable
{
    /// <summary>The peer's address, for logs and for the kernel.</summary>
    string Peer { get; }

    Moved Receive(Memory<byte> into, out int count);

    /// <summary>Sends the pieces as one vector. <paramref name="more"/>: a file slice follows at once.</summary>
    Moved Send(ReadOnlySpan<ReadOnlyMemory<byte>> pieces, bool more, out int count);

    /// <summary>
    /// Sends bytes that stand in a file, at most about <see cref="OutputQueue.SliceChunkBytes"/> of them.
    /// </summary>
    Moved SendSlice(SharedHandle file, long position, int length, out int count);
}
