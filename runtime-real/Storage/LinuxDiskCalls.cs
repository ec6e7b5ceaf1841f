using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using Deterministic.Runtime.Real.Native;
using Microsoft.Win32.SafeHandles;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// pwritev, fdatasync, fsync of directories and syncfs by direct call. The framework's own flush returns normally when
/// fsync fails; a broker that promises durability has to ask the system itself and believe its answer. Linux only.
/// </summary>
internal sealed unsafe class LinuxDiskCalls : IDiskCalls
{
    /// <summary>Bound: pieces of one call; the system takes at most 1,024.</summary>
    private const int MaxPieces = 256;

    private readonly MemoryHandle[] _pins = new MemoryHandle[MaxPieces];

    public string Name => "pwritev, fdatasync, syncfs";

    public void Write(SafeFileHandle file, long position, List<ReadOnlyMemory<byte>> pieces)
    {
        var next = 0;
        while (next < pieces.Count)
        {
            var count = Math.Min(MaxPieces, pieces.Count - next);
            position += WriteSome(file, position, pieces, next, count);
            next += count;
        }
    }

    public int ReadCached(SafeFileHandle file, long position, Span<byte> into)
    {
        fixed (byte* pointer = into)
        {
            var vector = new Libc.IoVector { Base = pointer, Length = (nuint)into.Length };
            var read = (int)Libc.ReadVector(file, &vector, 1, position, Libc.ReadNoWait);
            return read >= 0 ? read : Errno.Last == Errno.TryAgain ? IDiskCalls.WouldWait : IDiskCalls.Unknown;
        }
    }

    public void FlushFile(SafeFileHandle file)
    {
        while (Libc.DataSync(file) != 0)
        {
            ThrowUnlessInterrupted("fdatasync");
        }
    }

    public void FlushDirectory(string path)
    {
        var descriptor = OpenDirectory(path);
        try
        {
            while (Libc.Sync(descriptor) != 0)
            {
                ThrowUnlessInterrupted("fsync of directory " + path);
            }
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }
    }

    public bool FlushFileSystem(string path)
    {
        var descriptor = OpenDirectory(path);
        try
        {
            while (Libc.SyncFileSystem(descriptor) != 0)
            {
                ThrowUnlessInterrupted("syncfs");
            }
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }

        return true;
    }

    private long WriteSome(SafeFileHandle file, long position, List<ReadOnlyMemory<byte>> pieces, int first, int count)
    {
        var vectors = stackalloc Libc.IoVector[MaxPieces];
        long total = 0;
        for (var i = 0; i < count; i++)
        {
            var piece = pieces[first + i];
            _pins[i] = piece.Pin();
            vectors[i] = new Libc.IoVector { Base = _pins[i].Pointer, Length = (nuint)piece.Length };
            total += piece.Length;
        }

        try
        {
            WriteAll(file, position, vectors, count, total);
        }
        finally
        {
            for (var i = 0; i < count; i++)
            {
                _pins[i].Dispose();
            }
        }

        return total;
    }

    /// <summary>A short write is allowed by the system and goes on where it stopped.</summary>
    private static void WriteAll(SafeFileHandle file, long position, Libc.IoVector* vectors, int count, long total)
    {
        while (total > 0)
        {
            var written = Libc.WriteVector(file, vectors, count, position);
            if (written < 0)
            {
                ThrowUnlessInterrupted("pwritev");
                continue;
            }

            if (written == 0)
            {
                throw new IOException("pwritev: wrote nothing");
            }

            position += written;
            total -= written;
            while (count > 0 && (nuint)written >= vectors->Length)
            {
                written -= (nint)vectors->Length;
                vectors++;
                count--;
            }

            if (count > 0)
            {
                vectors->Base = (byte*)vectors->Base + written;
                vectors->Length -= (nuint)written;
            }
        }
    }

    private static int OpenDirectory(string path)
    {
        while (true)
        {
            var descriptor = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenCloseOnExec);
            if (descriptor >= 0)
            {
                return descriptor;
            }

            ThrowUnlessInterrupted("open of directory " + path);
        }
    }

    private static void ThrowUnlessInterrupted(string call)
    {
        var number = Errno.Last;
        if (number != Errno.Interrupted)
        {
            throw new IOException(Errno.Describe(call, number));
        }
    }
}
