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
        var at = FirstNotBefore(path);
        return at < Files.Count && string.Equals(Files[at].Path, path, StringComparison.Ordinal) ? Files[at].Length : -1;
    }

    /// <summary>The files of one directory (given without a trailing slash), not of directories inside it.</summary>
    public List<DiskEntry> Within(string directory)
    {
        // In ordinal order everything below a directory stands together: thousands of partitions each look for their own.
        var found = new List<DiskEntry>();
        var below = directory + "/";
        for (var at = FirstNotBefore(below); at < Files.Count; at++)
        {
            var file = Files[at];
            if (!file.Path.StartsWith(below, StringComparison.Ordinal))
            {
                break;
            }

            if (file.Path.IndexOf('/', below.Length) < 0)
            {
                found.Add(file);
            }
        }

        return found;
    }

    /// <summary>Where the first file stands whose path is this one or comes after it.</summary>
    private int FirstNotBefore(string path)
    {
        var low = 0;
        var high = Files.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (string.CompareOrdinal(Files[middle].Path, path) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
