using System;
using System.Collections.Generic;
using Microsoft.Win32.SafeHandles;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// The calls by which bytes reach a file and then the disk: Linux's own (<see cref="LinuxDiskCalls"/>) or the
/// framework's
/// (<see cref="PortableDiskCalls"/>). Errors come back as <see cref="System.IO.IOException"/> with the system's words.
/// </summary>
internal interface IDiskCalls
{
    const int WouldWait = -1;
    const int Unknown = -2;

    string Name { get; }

    /// <summary>Writes all pieces one after the other from this position on.</summary>
    void Write(SafeFileHandle file, long position, List<ReadOnlyMemory<byte>> pieces);

    /// <summary>
    /// Reads what the page cache holds already, without waiting for a disk. Returns how many bytes, or
    /// <see cref="WouldWait"/>, or <see cref="Unknown"/> where this system or file system cannot say.
    /// </summary>
    int ReadCached(SafeFileHandle file, long position, Span<byte> into);

    /// <summary>Makes the file's bytes and length survive the power failing.</summary>
    void FlushFile(SafeFileHandle file);

    /// <summary>Makes the directory's entries survive the power failing.</summary>
    void FlushDirectory(string path);

    /// <summary>
    /// Makes everything on the file system of this directory survive, or returns false where there is no such call.
    /// </summary>
    bool FlushFileSystem(string path);
}
