using System;
using System.IO;
using System.Net.Sockets;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Network;

/// <summary>
/// The same by the framework's sockets, on any system: a vector and a slice are copied into one piece first.
/// </summary>
internal sealed class PortableSocket : IByteSocket
{
    private readonly byte[] _scratch;

    /// <param name="socket">Not blocking.</param>
    /// <param name="scratch">Shared by all sockets of one node: used within one call only.</param>
    public PortableSocket(Socket socket, byte[] scratch)
    {
        Handle = socket;
        _scratch = scratch;
        Peer = ListeningSocket.PeerOf(socket);
    }

    public Socket Handle { get; }

    public string Peer { get; }

    public Moved Receive(Memory<byte> into, out int count)
    {
        count = Handle.Receive(into.Span, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => count == 0 ? Moved.Gone : Moved.Some,
            SocketError.WouldBlock or SocketError.Interrupted => Moved.Blocked,
            _ => Moved.Gone,
        };
    }

    public Moved Send(ReadOnlySpan<ReadOnlyMemory<byte>> pieces, bool more, out int count)
    {
        if (pieces.Length == 1)
        {
            return Send(pieces[0].Span, out count);
        }

        var filled = 0;
        foreach (var piece in pieces)
        {
            var taken = Math.Min(piece.Length, _scratch.Length - filled);
            piece.Span[..taken].CopyTo(_scratch.AsSpan(filled));
            filled += taken;
            if (taken < piece.Length)
            {
                break;
            }
        }

        return Send(_scratch.AsSpan(0, filled), out count);
    }

    public Moved SendSlice(SharedHandle file, long position, int length, out int count)
    {
        count = 0;
        var wanted = Math.Min(length, _scratch.Length);
        int read;
        try
        {
            read = RandomAccess.Read(file.Handle, _scratch.AsSpan(0, wanted), position);
        }
        catch (IOException)
        {
            return Moved.Gone;
        }

        return read == 0 ? Moved.Gone : Send(_scratch.AsSpan(0, read), out count);
    }

    public void Dispose() => Handle.Dispose();

    private Moved Send(ReadOnlySpan<byte> bytes, out int count)
    {
        count = Handle.Send(bytes, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => Moved.Some,
            SocketError.WouldBlock or SocketError.Interrupted or SocketError.NoBufferSpaceAvailable => Moved.Blocked,
            _ => Moved.Gone,
        };
    }
}
