using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Boundary;

/// <summary>Who is told how far a file's bytes have come.</summary>
public interface IFileOwner
{
    /// <summary>Everything below <see cref="OpenFile.Written"/> is in the page cache.</summary>
    void FileWritten(OpenFile file, in Now now);

    /// <summary>Everything below <see cref="OpenFile.Flushed"/> survives the power failing.</summary>
    void FileFlushed(OpenFile file, in Now now);
}

/// <summary>
/// One file the kernel has open, and how far its bytes have come. Flushed, written, length: each at most the next.
/// </summary>
public sealed class OpenFile
{
    internal OpenFile(FileId id, string path, long length, IFileOwner? owner)
    {
        Id = id;
        Path = path;
        Length = length;
        Written = length;
        Owner = owner;
    }

    public FileId Id { get; internal set; }

    public string Path { get; }

    /// <summary>Bytes appended, whether written yet or not.</summary>
    public long Length { get; internal set; }

    /// <summary>Everything below is in the page cache.</summary>
    public long Written { get; internal set; }

    /// <summary>
    /// Everything below survives the power failing. Zero for a file found at start, until it is flushed.
    /// </summary>
    public long Flushed { get; internal set; }

    internal IFileOwner? Owner { get; }

    internal bool IsFlushing { get; set; }

    internal bool WantsFlush { get; set; }

    internal bool IsForgotten { get; set; }

    internal List<(long Position, Ticket Ticket)>? FlushWaiters { get; set; }
}

/// <summary>
/// The kernel's side of the disk: numbers for files, positions for appends, one flush at a time per file, tickets for
/// reads and renames. Everything the node does to its disk goes through here.
/// </summary>
/// <remarks>
/// Inputs   Written, Flushed, ReadDone, NamesChanged
/// Effects  Name, Forget, Append, Truncate, Flush, Read, Rename, Delete
///
/// A flush covers what was appended when it was asked for, not what came after: whoever appended meanwhile asks
/// again,
/// and that second flush is held back until the first has answered (group commit).
/// </remarks>
public sealed class Files
{
    private readonly Effects _effects;
    private readonly Dictionary<int, OpenFile> _open = [];
    private readonly Dictionary<long, Ticket> _tickets = [];
    private int _nextFile = 1;
    private long _nextTicket = 1;

    public Files(Effects effects)
    {
        _effects = effects;
    }

    /// <summary>Names a file. <paramref name="length"/> is what the disk image says, 0 for a new one.</summary>
    public OpenFile Open(string path, long length, IFileOwner? owner = null)
    {
        var file = new OpenFile(new FileId(_nextFile++), path, length, owner);
        _open.Add(file.Id.Value, file);
        _effects.Add(new Name(file.Id, path));
        return file;
    }

    /// <summary>Lets go of the number. Completions still under way are dropped.</summary>
    public void Forget(OpenFile file)
    {
        Invariant.Check(!file.IsForgotten);
        file.IsForgotten = true;
        _open.Remove(file.Id.Value);
        _effects.Add(new Forget(file.Id));
    }

    /// <summary>Appends; returns the position. The bytes must stay valid until the effects are cleared.</summary>
    public long Append(OpenFile file, ReadOnlyMemory<byte> bytes)
    {
        Invariant.Check(!file.IsForgotten);
        var position = file.Length;
        file.Length += bytes.Length;
        _effects.Add(new Append(file.Id, position, bytes));
        return position;
    }

    /// <summary>
    /// Cuts the file. It gets a new number: an answer about the old bytes that is still under way must not be taken
    /// for one about the new bytes at the same positions.
    /// </summary>
    public void Truncate(OpenFile file, long length)
    {
        Invariant.Check(length >= 0 && length <= file.Length);
        file.Length = length;
        file.Written = Math.Min(file.Written, length);
        file.Flushed = Math.Min(file.Flushed, length);
        _effects.Add(new Truncate(file.Id, length));
        _effects.Add(new Forget(file.Id));
        _open.Remove(file.Id.Value);
        file.Id = new FileId(_nextFile++);
        _open.Add(file.Id.Value, file);
        _effects.Add(new Name(file.Id, file.Path));
        if (file.IsFlushing)
        {
            file.IsFlushing = false;
            file.WantsFlush = false;
            Flush(file);
        }
    }

    /// <summary>Asks for durability of everything appended so far; the owner hears of it.</summary>
    public void Flush(OpenFile file)
    {
        Invariant.Check(!file.IsForgotten);
        if (file.IsFlushing)
        {
            file.WantsFlush = true;
            return;
        }

        file.IsFlushing = true;
        _effects.Add(new Flush(file.Id));
    }

    /// <summary>Asks for durability and gives something to wait for.</summary>
    public Ticket FlushAndWait(OpenFile file)
    {
        var ticket = new Ticket();
        file.FlushWaiters ??= [];
        file.FlushWaiters.Add((file.Length, ticket));
        Flush(file);
        return ticket;
    }

    public Ticket Read(OpenFile file, long position, int length)
    {
        var (number, ticket) = NewTicket();
        _effects.Add(new Read(number, file.Id, position, length));
        return ticket;
    }

    public Ticket Rename(string from, string to)
    {
        var (number, ticket) = NewTicket();
        _effects.Add(new Rename(number, from, to));
        return ticket;
    }

    public Ticket Delete(string path)
    {
        var (number, ticket) = NewTicket();
        _effects.Add(new Delete(number, path));
        return ticket;
    }

    public void WrittenTo(FileId id, long position, in Now now)
    {
        if (_open.TryGetValue(id.Value, out var file))
        {
            // A truncate may have overtaken the answer.
            file.Written = Math.Max(file.Written, Math.Min(position, file.Length));
            file.Owner?.FileWritten(file, now);
        }
    }

    public void FlushedTo(FileId id, long position, in Now now)
    {
        if (!_open.TryGetValue(id.Value, out var file))
        {
            return;
        }

        Invariant.Check(file.IsFlushing);
        file.IsFlushing = false;
        file.Flushed = Math.Max(file.Flushed, Math.Min(position, file.Length));
        file.Written = Math.Max(file.Written, file.Flushed);
        if (file.WantsFlush)
        {
            file.WantsFlush = false;
            Flush(file);
        }

        CompleteFlushWaiters(file);
        file.Owner?.FileFlushed(file, now);
    }

    /// <summary>A read, rename or delete answered.</summary>
    public void Answered(long number, ReadOnlyMemory<byte> bytes)
    {
        if (_tickets.Remove(number, out var ticket))
        {
            ticket.Complete(bytes);
        }
    }

    private static void CompleteFlushWaiters(OpenFile file)
    {
        if (file.FlushWaiters is not { Count: > 0 } waiters)
        {
            return;
        }

        var ready = new List<Ticket>();
        for (var i = 0; i < waiters.Count;)
        {
            if (waiters[i].Position <= file.Flushed)
            {
                ready.Add(waiters[i].Ticket);
                waiters.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }

        foreach (var ticket in ready)
        {
            ticket.Complete();
        }
    }

    private (long Number, Ticket Ticket) NewTicket()
    {
        var ticket = new Ticket();
        var number = _nextTicket++;
        _tickets.Add(number, ticket);
        return (number, ticket);
    }
}
