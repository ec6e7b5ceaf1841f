using System;
using System.Buffers.Binary;
using System.IO;
using System.Net;
using System.Net.Sockets;
using Deterministic.Protocol;

namespace Deterministic.Perf.Load;

/// <summary>
/// The ceiling: one thread that receives frames, checks a CRC over them, writes them to a file and answers. No log, no
/// metadata, no protocol beyond the length. What a broker costs above this is the broker's own.
/// </summary>
internal static class RawPipeline
{
    private const int BufferBytes = 4 << 20;
    private const int Page = 4096;

    /// <summary>Serves connections one after the other until the process is ended.</summary>
    public static void Serve(int port, string path)
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(16);
        Console.WriteLine($"listening on localhost:{port}");
        while (true)
        {
            var connection = listener.Accept();
            connection.NoDelay = true;
            ServeOne(connection, path);
        }
    }

    private static void ServeOne(Socket connection, string path)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
        var buffer = AlignedBuffer();
        Span<byte> answer = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(answer, 4);
        var end = 0;
        var position = 0L;
        while (true)
        {
            var read = connection.Receive(buffer.Span[end..]);
            if (read == 0)
            {
                connection.Dispose();
                return;
            }

            end += read;
            var start = 0;
            while (end - start >= 4)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(buffer.Span[start..]);
                if (end - start < 4 + length)
                {
                    break;
                }

                var body = buffer.Slice(start + 4, length);
                BinaryPrimitives.WriteUInt32BigEndian(answer[4..], Crc32C.Compute(body.Span));
                RandomAccess.Write(file, body.Span, position);
                position += length;
                connection.Send(answer);
                start += 4 + length;
            }

            buffer.Span[start..end].CopyTo(buffer.Span);
            end -= start;
        }
    }

    /// <summary>An array that begins on a page: copies between pages that do not line up cost several times more.</summary>
    private static Memory<byte> AlignedBuffer()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(BufferBytes + Page, pinned: true);
        unsafe
        {
            fixed (byte* start = bytes)
            {
                var skip = (int)((Page - ((nint)start % Page)) % Page);
                return bytes.AsMemory(skip, BufferBytes);
            }
        }
    }
}
