using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Nodes;

/// <summary>What a node finds at start is found by name: the same as by looking at every file.</summary>
public sealed class DiskImageTests
{
    // Before and behind the slash in ordinal order, so that names which begin alike stand between and around.
    private static readonly string[] Names = ["a", "a-0", "a-1", "a-10", "a.b", "a0", "b", "!", "~"];

    [Property(MaxTest = 300)]
    public void Files_are_found_as_by_looking_at_each(int seed)
    {
        var random = new Random(seed);
        var paths = new SortedSet<string>(StringComparer.Ordinal);
        for (var count = random.Next(30); count > 0; count--)
        {
            paths.Add(Path(random));
        }

        var files = new List<DiskEntry>();
        foreach (var path in paths)
        {
            files.Add(new DiskEntry(path, random.Next(1_000)));
        }

        var image = new DiskImage(files);
        var wanted = Path(random);
        Assert.Equal(paths.Contains(wanted) ? files.Find(file => file.Path == wanted).Length : -1, image.LengthOf(wanted));
        Assert.Equal(
            files.FindAll(file => file.Path.LastIndexOf('/') is var slash and >= 0 && file.Path[..slash] == wanted),
            image.Within(wanted));
    }

    private static string Path(Random random)
    {
        var parts = new string[1 + random.Next(3)];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = Names[random.Next(Names.Length)];
        }

        return string.Join('/', parts);
    }
}
