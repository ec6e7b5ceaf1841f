using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// The same by the framework alone, on any system. Weaker in two ways, which is why it serves development and not
/// production: on Linux the framework hides a failed fsync, and it knows no way to flush a directory.
/// </summary>
internal sealed class PortableDiskCalls : IDiskCalls
{
    public string Name => "RandomAccess";

    public void Write(SafeFileHandle file, long position, List<ReadOnlyMemory<byte>> pieces) =>
        RandomAccess.Write(file, pieces, position);

    public int ReadCached(SafeFileHandle file, long position, Span<byte> into) => IDiskCalls.Unknown;

    public void FlushFile(SafeFileHandle file) => RandomAccess.FlushToDisk(file);

    public void FlushDirectory(string path)
    {
        // NTFS and APFS keep entries in their own journals; there is nothing to call.
    }

    public bool FlushFileSystem(string path) => false;
}
