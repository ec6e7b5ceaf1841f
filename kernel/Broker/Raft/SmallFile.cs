using System.Collections.Generic;
using Deterministic.Broker.Boundary;

namespace Deterministic.Broker.Raft;

/// <summary>
/// A small file that is always replaced as a whole: written beside, flushed, renamed over. Whoever reads it after a
/// crash sees the old content or the new, never a mixture.
/// </summary>
internal static class SmallFile
{
    private const string Temporary = ".tmp";

    /// <summary>Replaces the content. Done means durable.</summary>
    public static IEnumerator<Ticket> Replace(Files files, string path, byte[] content)
    {
        // What a crash left of an earlier attempt would otherwise be appended to.
        yield return files.Delete(path + Temporary);
        var file = files.Open(path + Temporary, 0);
        files.Append(file, content);
        yield return files.FlushAndWait(file);
        files.Forget(file);
        yield return files.Rename(path + Temporary, path);
    }
}
