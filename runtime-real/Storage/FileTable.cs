using System;
using System.Collections.Generic;
using System.IO;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>One file the kernel has named.</summary>
internal sealed class FileSlot
{
    public const long Unknown = -1;

    public required FileId Id { get; init; }

    /// <summary>Relative to the data directory, forward slashes.</summary>
    public required string Path { get; set; }

    public SharedHandle? Handle { get; set; }

    /// <summary>Where the file ends in the page cache; <see cref="Unknown"/> until it was opened.</summary>
    public long Written { get; set; } = Unknown;

    /// <summary>Bytes to be written by the next vectored call, in order, from <see cref="PendingFrom"/> on.</summary>
    public List<ReadOnlyMemory<byte>> Pending { get; } = [];

    public long PendingFrom { get; set; }

    public LinkedListNode<FileSlot>? Recency { get; set; }
}

/// <summary>
/// File numbers to paths to open handles. Files open when first needed; of those open only the most recently used stay
/// so,
/// because a broker has more files than a process may have descriptors. Creating a file makes its directories.
/// </summary>
internal sealed class FileTable
{
    private readonly string _root;
    private readonly int _maxOpen;
    private readonly Dictionary<int, FileSlot> _slots = [];
    private readonly PathIndex _paths = new();
    private readonly LinkedList<FileSlot> _recent = [];
    private readonly HashSet<string> _knownDirectories = new(StringComparer.Ordinal);

    public FileTable(string root, int maxOpen)
    {
        _root = root;
        _maxOpen = maxOpen;
    }

    /// <summary>Directories (absolute) whose entries changed and were not flushed since.</summary>
    public HashSet<string> DirtyDirectories { get; } = new(StringComparer.Ordinal);

    public int OpenCount => _recent.Count;

    public void Name(FileId file, string path)
    {
        var slot = new FileSlot { Id = file, Path = path };
        _slots.Add(file.Value, slot);
        _paths.Add(slot);
    }

    public void Forget(FileId file)
    {
        if (_slots.Remove(file.Value, out var slot))
        {
            Invariant.Check(slot.Pending.Count == 0);
            _paths.Remove(slot);
            Close(slot);
        }
    }

    public FileSlot Slot(FileId file) => _slots[file.Value];

    /// <summary>The file's handle, opened and created where it has to be. Throws <see cref="IOException"/>.</summary>
    public SharedHandle OpenForWrite(FileSlot slot)
    {
        if (slot.Handle is null)
        {
            var path = Absolute(slot.Path);
            var isNew = !File.Exists(path);
            if (isNew)
            {
                var directory = Path.GetDirectoryName(path)!;
                MakeDirectory(directory);
                DirtyDirectories.Add(directory);
            }

            Keep(slot, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, Sharing));
        }

        Touch(slot);
        return slot.Handle!;
    }

    /// <summary>The file's handle, or null where there is no such file. Throws <see cref="IOException"/>.</summary>
    public SharedHandle? OpenForRead(FileSlot slot)
    {
        if (slot.Handle is null)
        {
            var path = Absolute(slot.Path);
            if (!File.Exists(path))
            {
                return null;
            }

            Keep(slot, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, Sharing));
        }

        Touch(slot);
        return slot.Handle;
    }

    public string Absolute(string path) => Path.Combine(_root, path.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>After a rename on disk: numbers that meant the old path, or one inside it, mean the new one.</summary>
    public void Renamed(string from, string to)
    {
        foreach (var slot in _paths.At(to))
        {
            // What had this name is gone; the number now means what took its place.
            Close(slot);
            slot.Written = FileSlot.Unknown;
        }

        foreach (var slot in _paths.At(from))
        {
            _paths.Remove(slot);
            slot.Path = string.Concat(to, slot.Path.AsSpan(from.Length));
            _paths.Add(slot);
        }

        ForgetDirectories();
    }

    /// <summary>After a delete on disk: handles to what is gone are let go.</summary>
    public void Deleted(string path)
    {
        foreach (var slot in _paths.At(path))
        {
            Close(slot);
            slot.Written = FileSlot.Unknown;
        }

        ForgetDirectories();
    }

    public void CloseAll()
    {
        foreach (var slot in _slots.Values)
        {
            Close(slot);
        }
    }

    private static FileShare Sharing => FileShare.ReadWrite | FileShare.Delete;

    private void ForgetDirectories() => _knownDirectories.Clear();

    /// <summary>Makes the directories that are missing; each new one is an entry in the one above it.</summary>
    private void MakeDirectory(string directory)
    {
        if (_knownDirectories.Contains(directory))
        {
            return;
        }

        if (!Directory.Exists(directory))
        {
            var parent = Path.GetDirectoryName(directory)!;
            MakeDirectory(parent);
            Directory.CreateDirectory(directory);
            DirtyDirectories.Add(parent);
        }

        _knownDirectories.Add(directory);
    }

    private void Keep(FileSlot slot, Microsoft.Win32.SafeHandles.SafeFileHandle handle)
    {
        slot.Handle = new SharedHandle(handle);
        slot.Recency = _recent.AddFirst(slot);
        if (slot.Written == FileSlot.Unknown)
        {
            slot.Written = RandomAccess.GetLength(handle);
        }

        while (_recent.Count > _maxOpen && _recent.Last is { } oldest && oldest.Value != slot)
        {
            Close(oldest.Value);
        }
    }

    private void Touch(FileSlot slot)
    {
        if (slot.Recency is { } node && _recent.First != node)
        {
            _recent.Remove(node);
            _recent.AddFirst(node);
        }
    }

    private void Close(FileSlot slot)
    {
        if (slot.Handle is { } handle)
        {
            slot.Handle = null;
            _recent.Remove(slot.Recency!);
            slot.Recency = null;
            handle.Release();
        }
    }
}
