using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// The node's disk: carries out Name, Forget, Append, Truncate, Flush, Read, Rename and Delete under one root
/// directory.
/// Writes go to the page cache on the node's own thread, one vectored call for each file; what must wait for the disk
/// goes to <see cref="Flusher"/> and <see cref="ColdReader"/>.
/// </summary>
/// <remarks>
/// Order: queued appends are written before anything that could see them (flush, truncate, rename, delete, read,
/// slices).
/// The first failure is kept in <see cref="Failure"/>; from then on this disk does nothing more.
/// </remarks>
internal sealed class NodeDisk : IDisposable
{
    /// <summary>Removing a file this long takes the file system so long that the node must not wait for it.</summary>
    private const long SlowDeleteBytes = 16L << 20;

    private readonly IDiskCalls _calls;
    private readonly CompletionRing _completions;
    private readonly Flusher _flusher;
    private readonly ColdReader _reader;
    private readonly List<FileSlot> _dirty = [];
    private readonly List<FlushRequest> _flushes = [];
    private readonly List<NamesRequest> _names = [];
    private Task _removals = Task.CompletedTask;

    public NodeDisk(string root, IDiskCalls calls, CompletionRing completions, string name, int maxOpenFiles)
    {
        _calls = calls;
        _completions = completions;
        Files = new FileTable(root, maxOpenFiles);
        _flusher = new Flusher(calls, completions, root, name);
        _reader = new ColdReader(completions, name);
    }

    public FileTable Files { get; }

    /// <summary>Reads that were answered without waiting; the node takes them before it sleeps.</summary>
    public List<Completion> Immediate { get; } = [];

    /// <summary>Why this disk is no longer used.</summary>
    public (FileId File, string Reason)? Failure { get; private set; }

    public void Append(in Append effect)
    {
        var slot = Files.Slot(effect.File);
        if (slot.Pending.Count == 0)
        {
            slot.PendingFrom = effect.Position;
            _dirty.Add(slot);
        }

        slot.Pending.Add(effect.Bytes);
    }

    /// <summary>Writes what is queued; adds each file to the list, for the kernel to hear of.</summary>
    public void WriteQueued(List<FileSlot> written)
    {
        foreach (var slot in _dirty)
        {
            Try(slot.Id, slot, static (disk, file) => disk.WritePending(file));
            slot.Pending.Clear();
            written.Add(slot);
        }

        _dirty.Clear();
    }

    public void Truncate(in Truncate effect) =>
        Try(effect.File, effect, static (disk, wanted) => disk.Cut(wanted));

    public void Flush(FileId file) =>
        Try(file, file, static (disk, wanted) =>
        {
            var slot = disk.Files.Slot(wanted);
            var handle = disk.Files.OpenForWrite(slot);
            disk._flushes.Add(new FlushRequest(wanted, handle.Share(), slot.Written));
        });

    public void Rename(in Rename effect) =>
        Try(FileId.None, effect, static (disk, wanted) => disk.Move(wanted));

    public void Delete(in Delete effect) =>
        Try(FileId.None, effect, static (disk, wanted) => disk.Remove(wanted));

    /// <summary>Answers at once, in <see cref="Immediate"/>, where the page cache can.</summary>
    public void Read(in Read effect) =>
        Try(effect.File, effect, static (disk, wanted) => disk.StartRead(wanted));

    /// <summary>
    /// A share of the file for a slice on its way out, or null where it cannot be read. Where its first bytes are still queued
    /// there is no file yet: it is made here, and the bytes are written before the slice leaves.
    /// </summary>
    public SharedHandle? Lease(FileId file)
    {
        try
        {
            var slot = Files.Slot(file);
            return (slot.Pending.Count > 0 ? Files.OpenForWrite(slot) : Files.OpenForRead(slot))?.Share();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(file, e);
            return null;
        }
    }

    /// <summary>True where sending this slice would not wait for the disk.</summary>
    public bool IsWarm(SharedHandle file, long position, int length)
    {
        Span<byte> probe = stackalloc byte[1];
        return _calls.ReadCached(file.Handle, position, probe) != IDiskCalls.WouldWait
            && _calls.ReadCached(file.Handle, position + length - 1, probe) != IDiskCalls.WouldWait;
    }

    public void WarmUp(ConnectionId connection, SharedHandle file, long position, int length) =>
        _reader.Post(new ReadRequest(connection.Value, file.Share(), position, length, IsWarmUp: true));

    /// <summary>Hands flushes and name changes asked for since the last call to the flusher, as one group.</summary>
    public void Submit()
    {
        if (Failure is null)
        {
            _flusher.Post(_flushes, _names, Files.DirtyDirectories);
        }
    }

    public void Dispose()
    {
        _flusher.Dispose();
        _reader.Dispose();
        foreach (var completion in _completions.Take([]))
        {
            completion.Lease?.Release();
        }

        Files.CloseAll();

        // Whoever waited for the node's end may remove or reuse its directory: nothing of ours may be at work in it any more.
        _removals.Wait();
    }

    public void Fail(FileId file, string reason) => Failure ??= (file, reason);

    private void Fail(FileId file, Exception e) => Fail(file, e.Message);

    private void Try<T>(FileId file, in T argument, Action<NodeDisk, T> action)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            action(this, argument);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(file, e);
        }
    }

    private void WritePending(FileSlot slot)
    {
        var handle = Files.OpenForWrite(slot);
        _calls.Write(handle.Handle, slot.PendingFrom, slot.Pending);
        slot.Written = slot.PendingFrom;
        foreach (var piece in slot.Pending)
        {
            slot.Written += piece.Length;
        }
    }

    private void Cut(in Truncate effect)
    {
        var slot = Files.Slot(effect.File);
        RandomAccess.SetLength(Files.OpenForWrite(slot).Handle, effect.Length);
        slot.Written = Math.Min(slot.Written, effect.Length);
    }

    private void Move(in Rename effect)
    {
        var from = Files.Absolute(effect.From);
        var to = Files.Absolute(effect.To);
        var toDirectory = Path.GetDirectoryName(to)!;
        if (!Directory.Exists(toDirectory))
        {
            Directory.CreateDirectory(toDirectory);
            Files.DirtyDirectories.Add(Path.GetDirectoryName(toDirectory)!);
        }

        if (Directory.Exists(from))
        {
            if (Directory.Exists(to))
            {
                RemoveAside(to);
            }

            Directory.Move(from, to);
        }
        else if (File.Exists(from))
        {
            File.Move(from, to, overwrite: true);
        }

        // Else there is nothing under that name: a topic deleted before anything of it reached the disk.
        Files.Renamed(effect.From, effect.To);
        _names.Add(new NamesRequest(effect.Ticket, Directory.Exists(Path.GetDirectoryName(from)!)
            ? [Path.GetDirectoryName(from)!, toDirectory]
            : [toDirectory]));
    }

    private void Remove(in Delete effect)
    {
        var path = Files.Absolute(effect.Path);
        Files.Deleted(effect.Path);
        if (Directory.Exists(path))
        {
            RemoveAside(path);
        }
        else
        {
            RemoveFile(path);
        }

        var parent = Path.GetDirectoryName(path)!;
        _names.Add(new NamesRequest(effect.Ticket, Directory.Exists(parent) ? [parent] : []));
    }

    /// <summary>The name is free at once; what stood under it goes in its own time, one directory after the other.</summary>
    private void RemoveAside(string path)
    {
        var aside = path;
        if (!Path.GetFileName(path).EndsWith("-delete", StringComparison.Ordinal))
        {
            // Kafka's own name for a directory on its way out: whoever starts after a crash removes it.
            aside = $"{path}.{Guid.NewGuid():N}-delete";
            Directory.Move(path, aside);
        }

        _removals = _removals.ContinueWith(_ => RemoveDirectory(aside), TaskScheduler.Default);
    }

    private static void RemoveFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return;
        }

        if (file.Length < SlowDeleteBytes)
        {
            file.Delete();
            return;
        }

        // The name goes now; the blocks go when the last handle does, elsewhere.
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Delete();
        ThreadPool.UnsafeQueueUserWorkItem(static held => held.Dispose(), handle, preferLocal: false);
    }

    private static void RemoveDirectory(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left under its "-delete" name: the next start finds it.
        }
    }

    private void StartRead(in Read effect)
    {
        var handle = Files.OpenForRead(Files.Slot(effect.File));
        if (handle is null || effect.Length == 0)
        {
            Immediate.Add(new Completion(CompletionKind.ReadDone) { Ticket = effect.Ticket });
            return;
        }

        var bytes = GC.AllocateUninitializedArray<byte>(effect.Length);
        if (_calls.ReadCached(handle.Handle, effect.Position, bytes) == effect.Length)
        {
            Immediate.Add(new Completion(CompletionKind.ReadDone) { Ticket = effect.Ticket, Bytes = bytes });
            return;
        }

        var request = new ReadRequest(effect.Ticket, handle.Share(), effect.Position, effect.Length, IsWarmUp: false);
        if (!_reader.Post(request))
        {
            request.Lease.Release();
            Fail(effect.File, "too many reads wait for the disk");
        }
    }
}
