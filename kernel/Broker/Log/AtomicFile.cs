using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// Replaces a small file as a whole: written beside it, flushed, renamed over it. After a crash either the old or
/// the new
/// content is there, never a mixture. The routine ends when the new one is durable.
/// </summary>
public static class AtomicFile
{
    public static IEnumerator<Ticket> Write(Files files, string path, byte[] content)
    {
        var temporary = path + LogFileNames.Temporary;

        // What an interrupted replacement left there must not end up behind the new content.
        yield return files.Delete(temporary);
        var file = files.Open(temporary, 0);
        files.Append(file, content);
        var flushed = files.FlushAndWait(file);
        yield return flushed;
        files.Forget(file);
        yield return files.Rename(temporary, path);
    }

    /// <summary>Reads a whole file; the ticket's bytes are empty where there is none.</summary>
    public static Ticket Read(Files files, DiskImage image, string path)
    {
        var length = image.LengthOf(path);
        if (length <= 0)
        {
            return Ticket.Done();
        }

        Invariant.Check(length < int.MaxValue);
        var file = files.Open(path, length);
        var read = files.Read(file, 0, (int)length);
        files.Forget(file);
        return read;
    }
}
