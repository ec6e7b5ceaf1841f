using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;

namespace Deterministic.Broker.Raft;

/// <summary>
/// A snapshot of the metadata: everything below an offset, folded, and the epoch of the last record in it.
/// </summary>
public readonly record struct SnapshotId(long EndOffset, int Epoch)
{
    private const string Ending = ".checkpoint";
    private const int OffsetDigits = 20;
    private const int EpochDigits = 10;

    /// <summary>Reads a file's name, <c>(20 digits)-(10 digits).checkpoint</c>.</summary>
    public static bool TryParse(string path, out SnapshotId id)
    {
        id = default;
        var name = path.AsSpan(path.LastIndexOf('/') + 1);
        if (name.Length != OffsetDigits + 1 + EpochDigits + Ending.Length
            || name[OffsetDigits] != '-'
            || !name.EndsWith(Ending, StringComparison.Ordinal)
            || !long.TryParse(
                name[..OffsetDigits], NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || !int.TryParse(
                name.Slice(OffsetDigits + 1, EpochDigits),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var epoch))
        {
            return false;
        }

        id = new SnapshotId(offset, epoch);
        return true;
    }

    /// <summary>The newest snapshot of a directory; an empty path where there is none.</summary>
    public static (SnapshotId Id, string Path, long Length) Newest(DiskImage image, string directory)
    {
        (SnapshotId Id, string Path, long Length) newest = (default, "", 0);
        foreach (var entry in image.Within(directory))
        {
            if (TryParse(entry.Path, out var id)
                && (newest.Path.Length == 0
                    || (id.EndOffset, id.Epoch).CompareTo((newest.Id.EndOffset, newest.Id.Epoch)) > 0))
            {
                newest = (id, entry.Path, entry.Length);
            }
        }

        return newest;
    }
}
