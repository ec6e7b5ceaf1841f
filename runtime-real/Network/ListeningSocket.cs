using System;
using System.Net;
using System.Net.Sockets;

namespace Deterministic.Runtime.Real.Network;

/// <summary>Binds, listens and accepts with the framework's socket, in both twins: accepting is rare.</summary>
internal sealed class ListeningSocket : IListeningSocket
{
    /// <summary>
    /// Bound: connections the system keeps waiting for us (Kafka's socket.listen.backlog.size is 50).
    /// </summary>
    private const int Backlog = 512;

    private readonly Func<Socket, IByteSocket> _wrap;

    public ListeningSocket(IPEndPoint at, Func<Socket, IByteSocket> wrap)
    {
        _wrap = wrap;
        Handle = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (at.AddressFamily == AddressFamily.InterNetworkV6)
            {
                Handle.DualMode = at.Address.Equals(IPAddress.IPv6Any);
            }

            // Not ReuseAddress: the framework turns that into SO_REUSEPORT as well, and a second broker on the same
            // port
            // would share it instead of being told. Binding sets what a quick restart needs by itself.
            Handle.Bind(at);
            Handle.Listen(Backlog);
            Handle.Blocking = false;
            At = (IPEndPoint)Handle.LocalEndPoint!;
        }
        catch
        {
            Handle.Dispose();
            throw;
        }
    }

    public Socket Handle { get; }

    public IPEndPoint At { get; }

    public IByteSocket? Accept(out bool isExhausted)
    {
        isExhausted = false;
        try
        {
            var socket = Handle.Accept();
            socket.Blocking = false;
            socket.NoDelay = true;
            return _wrap(socket);
        }
        catch (SocketException e)
        {
            isExhausted = e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;
            return null;
        }
    }

    public void Dispose() => Handle.Dispose();

    /// <summary>The peer's address as text, or "?" where it left already.</summary>
    public static string PeerOf(Socket socket)
    {
        try
        {
            var peer = (IPEndPoint)socket.RemoteEndPoint!;
            var address = peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address;
            return address.ToString();
        }
        catch (SocketException)
        {
            return "?";
        }
    }
}
