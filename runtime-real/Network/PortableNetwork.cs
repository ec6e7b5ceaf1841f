using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;

namespace Deterministic.Runtime.Real.Network;

/// <summary>
/// Readiness by the framework's Select, on any system, with a pair of loopback datagram sockets to end a wait. It
/// costs a
/// walk over all sockets for each wait: good for development, not for thousands of connections.
/// </summary>
internal sealed class PortableNetwork : INetwork
{
    private sealed record Registration(long Key, bool Read, bool Write);

    private readonly Dictionary<Socket, Registration> _registered = [];
    private readonly List<Socket> _readers = [];
    private readonly List<Socket> _writers = [];
    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(OutputQueue.SliceChunkBytes, pinned: true);
    private readonly Socket _wakeReceiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _wakeSender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public PortableNetwork()
    {
        _wakeReceiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _wakeReceiver.Blocking = false;
        _wakeSender.Connect(_wakeReceiver.LocalEndPoint!);
        _wakeSender.Blocking = false;
    }

    public string Name => "select";

    public IListeningSocket Listen(IPEndPoint at) => new ListeningSocket(at, Adopt);

    public IByteSocket Adopt(Socket connected) => new PortableSocket(connected, _scratch);

    public void Register(IPollable socket, long key, bool read, bool write) =>
        _registered.Add(socket.Handle, new Registration(key, read, write));

    public void Change(IPollable socket, long key, bool read, bool write) =>
        _registered[socket.Handle] = new Registration(key, read, write);

    public void Unregister(IPollable socket) => _registered.Remove(socket.Handle);

    public int Wait(Span<Readiness> ready, int timeoutMs)
    {
        Collect();
        var timeout = timeoutMs < 0 ? -1 : (int)Math.Min(int.MaxValue, timeoutMs * 1000L);
        Socket.Select(_readers, _writers, null, timeout);
        return Decode(ready);
    }

    public void Wake() => _wakeSender.Send([1], SocketFlags.None, out _);

    public void Dispose()
    {
        _wakeSender.Dispose();
        _wakeReceiver.Dispose();
    }

    private void Collect()
    {
        _readers.Clear();
        _writers.Clear();
        _readers.Add(_wakeReceiver);
        foreach (var (socket, registration) in _registered)
        {
            if (registration.Read)
            {
                _readers.Add(socket);
            }

            if (registration.Write)
            {
                _writers.Add(socket);
            }
        }
    }

    private int Decode(Span<Readiness> ready)
    {
        var count = 0;
        foreach (var socket in _readers)
        {
            if (socket == _wakeReceiver)
            {
                _wakeReceiver.Receive(_scratch, SocketFlags.None, out _);
            }
            else if (count < ready.Length)
            {
                ready[count++] = new Readiness(_registered[socket].Key, true, CanWrite: false, IsBroken: false);
            }
        }

        foreach (var socket in _writers)
        {
            if (count < ready.Length)
            {
                ready[count++] = new Readiness(_registered[socket].Key, false, CanWrite: true, IsBroken: false);
            }
        }

        return count;
    }
}
