using System;
using System.Collections.Generic;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// Which file numbers mean a path, or something inside it. A rename finds them without looking at all others: a node with ten
/// thousand partitions renames ten thousand files when it starts.
/// </summary>
internal sealed class PathIndex
{
    /// <summary>Every slot stands under its path and under each directory above it, the root left out.</summary>
    private readonly Dictionary<string, List<FileSlot>> _slots = new(StringComparer.Ordinal);

    public void Add(FileSlot slot)
    {
        var lookup = _slots.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var end = NextEnd(slot.Path, 0); end > 0; end = NextEnd(slot.Path, end + 1))
        {
            var key = slot.Path.AsSpan(0, end);
            if (!lookup.TryGetValue(key, out var slots))
            {
                slots = [];
                lookup[key] = slots;
            }

            slots.Add(slot);
        }
    }

    public void Remove(FileSlot slot)
    {
        var lookup = _slots.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var end = NextEnd(slot.Path, 0); end > 0; end = NextEnd(slot.Path, end + 1))
        {
            var key = slot.Path.AsSpan(0, end);
            var slots = lookup[key];
            slots.Remove(slot);
            if (slots.Count == 0)
            {
                lookup.Remove(key);
            }
        }
    }

    /// <summary>Slots that mean this path or something inside it, as they are now: the caller may change the index.</summary>
    public FileSlot[] At(string path) => _slots.TryGetValue(path, out var slots) ? slots.ToArray() : [];

    /// <summary>Where the path's next name ends; 0 behind the last.</summary>
    private static int NextEnd(string path, int from)
    {
        if (from >= path.Length)
        {
            return 0;
        }

        var slash = path.IndexOf('/', from);
        return slash < 0 ? path.Length : slash;
    }
}
