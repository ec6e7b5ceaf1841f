using System;
using System.Buffers;
using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using Deterministic.Runtime.Real.Native;

namespace Deterministic.Runtime.Real.Network;

/// <summary>
/// Readiness by epoll, level triggered, with an eventfd to end a wait. Linux only; the twin is
/// <see cref="PortableNetwork"/>. The event structure is packed on x86-64 and padded elsewhere, so it is read by
/// offsets.
/// </summary>
internal sealed unsafe class EpollNetwork : INetwork
{
    private const long WakeKey = long.MinValue;
    private const int MaxEvents = 256;

    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int KeyOffset = EventBytes - 8;

    private readonly int _epoll;
    private readonly int _wake;
    private readonly MemoryHandle[] _pins = new MemoryHandle[OutputQueue.MaxPieces];
    private readonly byte[] _events = GC.AllocateArray<byte>(MaxEvents * 16, pinned: true);

    public EpollNetwork()
    {
        _epoll = Checked(Libc.EpollCreate(Libc.EpollCloseOnExec), "epoll_create1");
        _wake = Checked(Libc.EventDescriptor(0, Libc.EventNonBlocking | Libc.EventCloseOnExec), "eventfd");
        Control(Libc.EpollAdd, _wake, WakeKey, read: true, write: false);
    }

    public string Name => "epoll";

    public IListeningSocket Listen(IPEndPoint at) => new ListeningSocket(at, Adopt);

    public IByteSocket Adopt(System.Net.Sockets.Socket connected) => new LinuxSocket(connected, _pins);

    public void Register(IPollable socket, long key, bool read, bool write) =>
        Control(Libc.EpollAdd, DescriptorOf(socket), key, read, write);

    public void Change(IPollable socket, long key, bool read, bool write) =>
        Control(Libc.EpollModify, DescriptorOf(socket), key, read, write);

    public void Unregister(IPollable socket) =>
        Control(Libc.EpollDelete, DescriptorOf(socket), 0, read: false, write: false);

    public int Wait(Span<Readiness> ready, int timeoutMs)
    {
        fixed (byte* events = _events)
        {
            var count = Libc.EpollWait(_epoll, events, Math.Min(MaxEvents, ready.Length), timeoutMs);
            if (count < 0)
            {
                // Interrupted: the loop looks at its clock and comes again.
                return Errno.Last == Errno.Interrupted ? 0 : throw Failure("epoll_wait");
            }

            return Decode(count, ready);
        }
    }

    public void Wake()
    {
        ulong one = 1;
        _ = Libc.Write(_wake, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        _ = Libc.Close(_wake);
        _ = Libc.Close(_epoll);
    }

    private int Decode(int count, Span<Readiness> ready)
    {
        var taken = 0;
        for (var i = 0; i < count; i++)
        {
            var item = _events.AsSpan(i * EventBytes, EventBytes);
            var flags = BinaryPrimitives.ReadUInt32LittleEndian(item);
            var key = BinaryPrimitives.ReadInt64LittleEndian(item[KeyOffset..]);
            if (key == WakeKey)
            {
                ulong value;
                _ = Libc.Read(_wake, &value, sizeof(ulong));
                continue;
            }

            var broken = (flags & (Libc.EpollError | Libc.EpollHangUp)) != 0;
            ready[taken++] = new Readiness(
                key, (flags & Libc.EpollIn) != 0, (flags & Libc.EpollOut) != 0, broken);
        }

        return taken;
    }

    private void Control(int operation, int descriptor, long key, bool read, bool write)
    {
        Span<byte> item = stackalloc byte[16];
        var flags = (read ? Libc.EpollIn : 0) | (write ? Libc.EpollOut : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(item, flags);
        BinaryPrimitives.WriteInt64LittleEndian(item[KeyOffset..], key);
        fixed (byte* pointer = item)
        {
            Checked(Libc.EpollControl(_epoll, operation, descriptor, pointer), "epoll_ctl");
        }
    }

    private static int DescriptorOf(IPollable socket) => (int)socket.Handle.SafeHandle.DangerousGetHandle();

    private static int Checked(int result, string call) => result >= 0 ? result : throw Failure(call);

    private static Win32Exception Failure(string call) => new(Errno.Last, Errno.Describe(call, Errno.Last));
}
