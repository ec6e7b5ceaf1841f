using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;

namespace Deterministic.Broker.Log;

/// <summary>
/// A small file that is always replaced as a whole: written beside, flushed, renamed over. Whoever reads it after a
/// crash
/// sees the old content or the new, never a mixture.
/// </summary>
/// <remarks>
/// The rule a reader would get wrong: two replacements of one path must not run at once, they would share the file
/// beside.
/// </remarks>
public static class AtomicFile
{
    /// <summary>Bound: what is read of such a file.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Replaces the content. Done means durable.</summary>
    public static IEnumerator<Ticket> Write(Files files, string path, byte[] content)
    {
        // What a crash left of an earlier attempt would otherwise be appended to.
        yield return files.Delete(path + LogFileNames.Temporary);
        var file = files.Open(path + LogFileNames.Temporary, 0);
        files.Append(file, content);
        yield return files.FlushAndWait(file);
        files.Forget(file);
        yield return files.Rename(path + LogFileNames.Temporary, path);
    }

    /// <summary>Asks for the whole content; the ticket's bytes are empty where there is no such file.</summary>
    public static Ticket Read(Files files, DiskImage image, string path)
    {
        var length = image.LengthOf(path);
        if (length <= 0)
        {
            return Ticket.Done();
        }

        var file = files.Open(path, length);
        var read = files.Read(file, 0, (int)Math.Min(length, MaxBytes));
        files.Forget(file);
        return read;
    }
}

/// <summary>
/// One such file whose content changes now and then: at most one replacement under way, and only the newest content
/// waits.
/// </summary>
internal sealed class ReplacedFile(Files files, string path, AbandonedMark abandoned)
{
    private readonly List<Ticket> _waiters = [];
    private byte[]? _next;

    public bool IsWriting { get; private set; }

    /// <summary>Replaces the content, at once or after the replacement that is under way.</summary>
    public void Write(byte[] content)
    {
        _next = content;
        if (!IsWriting)
        {
            IsWriting = true;
            abandoned.Run(WriteAll());
        }
    }

    /// <summary>Ends once what was written last is durable.</summary>
    public IEnumerator<Ticket> Settle()
    {
        while (IsWriting)
        {
            var ticket = new Ticket();
            _waiters.Add(ticket);
            yield return ticket;
        }
    }

    private IEnumerator<Ticket> WriteAll()
    {
        while (_next is { } content)
        {
            _next = null;
            var replace = AtomicFile.Write(files, path, content);
            while (replace.MoveNext())
            {
                yield return replace.Current;
            }
        }

        IsWriting = false;
        var waiters = _waiters.ToArray();
        _waiters.Clear();
        foreach (var waiter in waiters)
        {
            waiter.Complete();
        }
    }
}
