using System;
using System.Buffers;
using System.Net.Sockets;
using Deterministic.Runtime.Real.Native;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Network;

/// <summary>
/// recv, sendmsg and sendfile by direct call: no task, no allocation, no wait. Linux only; the twin is
/// <see cref="PortableSocket"/>.
/// </summary>
internal sealed unsafe class LinuxSocket : IByteSocket
{
    private readonly int _descriptor;
    private readonly MemoryHandle[] _pins;

    /// <param name="socket">Owns the descriptor.</param>
    /// <param name="pins">Shared by all sockets of one node: used within one call only.</param>
    public LinuxSocket(Socket socket, MemoryHandle[] pins)
    {
        Handle = socket;
        _pins = pins;
        Peer = ListeningSocket.PeerOf(socket);
        _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    }

    public Socket Handle { get; }

    public string Peer { get; }

    public Moved Receive(Memory<byte> into, out int count)
    {
        fixed (byte* pointer = into.Span)
        {
            nint moved;
            do
            {
                moved = Libc.Receive(_descriptor, pointer, (nuint)into.Length, Libc.MessageDontWait);
            }
            while (moved < 0 && Errno.Last == Errno.Interrupted);

            return moved == 0 ? Ended(out count) : Judge(moved, out count);
        }
    }

    public Moved Send(ReadOnlySpan<ReadOnlyMemory<byte>> pieces, bool more, out int count)
    {
        var vectors = stackalloc Libc.IoVector[OutputQueue.MaxPieces];
        if (pieces.Length == 1)
        {
            fixed (byte* pointer = pieces[0].Span)
            {
                vectors[0] = new Libc.IoVector { Base = pointer, Length = (nuint)pieces[0].Length };
                return SendVectors(vectors, 1, more, out count);
            }
        }

        for (var i = 0; i < pieces.Length; i++)
        {
            _pins[i] = pieces[i].Pin();
            vectors[i] = new Libc.IoVector { Base = _pins[i].Pointer, Length = (nuint)pieces[i].Length };
        }

        var result = SendVectors(vectors, pieces.Length, more, out count);
        for (var i = 0; i < pieces.Length; i++)
        {
            _pins[i].Dispose();
        }

        return result;
    }

    public Moved SendSlice(SharedHandle file, long position, int length, out int count)
    {
        nint moved;
        do
        {
            var offset = position;
            var chunk = Math.Min(length, OutputQueue.SliceChunkBytes);
            moved = Libc.SendFile(_descriptor, file.Handle, &offset, (nuint)chunk);
        }
        while (moved < 0 && Errno.Last == Errno.Interrupted);

        return moved == 0 ? Ended(out count) : Judge(moved, out count);
    }

    public void Dispose() => Handle.Dispose();

    private Moved SendVectors(Libc.IoVector* vectors, int vectorCount, bool more, out int count)
    {
        var header = new Libc.MessageHeader { Vectors = vectors, VectorCount = (nuint)vectorCount };
        var flags = Libc.MessageDontWait | Libc.MessageNoSignal | (more ? Libc.MessageMore : 0);
        nint moved;
        do
        {
            moved = Libc.SendMessage(_descriptor, &header, flags);
        }
        while (moved < 0 && Errno.Last == Errno.Interrupted);

        return Judge(moved, out count);
    }

    private static Moved Ended(out int count)
    {
        count = 0;
        return Moved.Gone;
    }

    private static Moved Judge(nint moved, out int count)
    {
        count = (int)Math.Max(0, moved);
        return moved >= 0 ? Moved.Some : Errno.Last == Errno.TryAgain ? Moved.Blocked : Moved.Gone;
    }
}
