using System;
using System.Collections.Generic;
using System.Globalization;

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

    public int CompareTo(SnapshotId other) => (EndOffset, Epoch).CompareTo((other.EndOffset, other.Epoch));

    /// <summary>The path of a snapshot in a directory.</summary>
    public string PathIn(string directory) =>
        string.Create(CultureInfo.InvariantCulture, $"{directory}/{EndOffset:D20}-{Epoch:D10}{Ending}");
}
