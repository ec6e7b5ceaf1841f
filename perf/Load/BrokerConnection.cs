using System;
using System.Buffers.Binary;
using System.IO;
using System.Net.Sockets;
using Deterministic.Protocol;

namespace Deterministic.Perf.Load;

/// <summary>One blocking connection: whole frames out, whole frames in. Blocking is the cheapest client there is.</summary>
internal sealed class BrokerConnection : IDisposable
{
    private readonly Socket _socket;
    private byte[] _buffer = new byte[4 << 20];
    private int _start;
    private int _end;

    public BrokerConnection(string host, int port)
    {
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(host, port);
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        while (frame.Length > 0)
        {
            frame = frame[_socket.Send(frame)..];
        }
    }

    /// <summary>True where a receive would not wait.</summary>
    public bool HasAnswer => _end - _start >= 4 || _socket.Poll(0, SelectMode.SelectRead);

    /// <summary>The next frame without its length; valid until the next call.</summary>
    public Memory<byte> Receive()
    {
        Fill(4);
        var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
        Fill(4 + length);
        var frame = _buffer.AsMemory(_start + 4, length);
        _start += 4 + length;
        return frame;
    }

    /// <summary>One request, one answer.</summary>
    public T Ask<T>(ApiKey key, short version, IMessage request)
        where T : IMessage
    {
        Send(Frames.Request(new RequestHeader(key, version, 1, "perf"), request));
        return (T)(Frames.ReadResponse(Receive(), key, version, out _)
            ?? throw new InvalidDataException($"The answer to {key} cannot be read."));
    }

    public void Dispose() => _socket.Dispose();

    private void Fill(int needed)
    {
        if (_end - _start >= needed)
        {
            return;
        }

        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, needed);
        }

        while (_end < needed)
        {
            var read = _socket.Receive(_buffer.AsSpan(_end));
            if (read == 0)
            {
                throw new EndOfStreamException("The broker closed the connection.");
            }

            _end += read;
        }
    }
}
