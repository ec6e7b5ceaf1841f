using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Boundary;

/// <summary>
/// One file that exists at start. The path is relative to the data directory, with forward slashes.
/// </summary>
public readonly record struct DiskEntry(string Path, long Length);

/// <summary>
/// What a node finds in its data directory: names and lengths only, in ordinal order of the paths. What stands in
/// the files it asks for with Read. Nothing here is trusted: after a crash a length may be anything.
/// </summary>
public sealed class DiskImage
{
    public DiskImage(IReadOnlyList<DiskEntry> files)
    {
        for (var i = 1; i < files.Count; i++)
        {
            Invariant.Check(string.CompareOrdinal(files[i - 1].Path, files[i].Path) < 0);
        }

        Files = files;
    }

    public static DiskImage Empty { get; } = new([]);

    public IReadOnlyList<DiskEntry> Files { get; }

    /// <summary>The file's length, or -1 where there is none of that path.</summary>
    public long LengthOf(string path)
    {
        var low = 0;
        var high = Files.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(Files[middle].Path, path);
            if (order == 0)
            {
                return Files[middle].Length;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return -1;
    }

    /// <summary>The files of one directory (given without a trailing slash), not of directories inside it.</summary>
    public List<DiskEntry> Within(string directory)
    {
        var found = new List<DiskEntry>();
        foreach (var file in Files)
        {
            if (file.Path.Length > directory.Length + 1
                && file.Path[directory.Length] == '/'
                && file.Path.StartsWith(directory, StringComparison.Ordinal)
                && file.Path.IndexOf('/', directory.Length + 1) < 0)
            {
                found.Add(file);
            }
        }

        return found;
    }
}
