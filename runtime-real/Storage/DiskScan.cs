using System;
using System.Collections.Generic;
using System.IO;
using Deterministic.Broker.Boundary;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>Looks at a data directory before the node starts: every file's path and length, in ordinal order.</summary>
internal static class DiskScan
{
    public static DiskImage Scan(string root)
    {
        var found = new List<DiskEntry>();
        foreach (var file in new DirectoryInfo(root).EnumerateFiles("*", Options))
        {
            var path = Path.GetRelativePath(root, file.FullName).Replace('\\', '/');
            if (!IsOurs(path))
            {
                found.Add(new DiskEntry(path, file.Length));
            }
        }

        found.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new DiskImage(found);
    }

    private static EnumerationOptions Options => new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = false,
        AttributesToSkip = 0,
    };

    /// <summary>Files of the runtime and of the file system, which are no part of the node's state.</summary>
    private static bool IsOurs(string path) =>
        path == DataDirectory.LockName
        || path.StartsWith(DataDirectory.FlightPrefix, StringComparison.Ordinal)
        || path.StartsWith("lost+found/", StringComparison.Ordinal);
}
