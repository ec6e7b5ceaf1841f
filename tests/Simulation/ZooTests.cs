using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Deterministic.Runtime.Sim.Cli;
using Deterministic.Runtime.Sim.Runs;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>
/// The bug zoo's patches fit the kernel as it is: each hunk's old lines stand in the file it names, exactly once. That they are
/// found takes minutes and is the <c>zoo</c> command's business.
/// </summary>
public sealed class ZooTests
{
    public static TheoryData<string> Patches
    {
        get
        {
            var files = Directory.GetFiles(Path.Combine(ScenarioFiles.Root(), "zoo"), "*.patch");
            return [.. files.Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public void There_are_at_least_ten() => Assert.InRange(Patches.Count, 10, 1000);

    [Theory]
    [MemberData(nameof(Patches))]
    public void A_patch_applies_to_the_kernel_as_it_is(string name)
    {
        var path = Path.Combine(ScenarioFiles.Root(), "zoo", name);
        var patch = ZooPatch.Load(path);
        Assert.NotEmpty(patch.Scenarios);
        var hunks = HunksOf(File.ReadAllLines(path));
        Assert.NotEmpty(hunks);
        foreach (var (file, old) in hunks)
        {
            var source = File.ReadAllLines(Path.Combine(ScenarioFiles.Root(), "..", file));
            Assert.True(CountOf(source, old) == 1, $"{name}: a hunk does not fit {file}; make the patch anew");
        }
    }

    private static List<(string File, List<string> Old)> HunksOf(string[] lines)
    {
        var hunks = new List<(string File, List<string> Old)>();
        var file = "";
        foreach (var line in lines)
        {
            if (line.StartsWith("--- a/", StringComparison.Ordinal))
            {
                file = line["--- a/".Length..];
            }
            else if (line.StartsWith("@@", StringComparison.Ordinal))
            {
                hunks.Add((file, []));
            }
            else if (hunks.Count > 0 && line is [' ' or '-', ..] && !line.StartsWith("--", StringComparison.Ordinal))
            {
                hunks[^1].Old.Add(line[1..]);
            }
        }

        return hunks;
    }

    private static int CountOf(string[] source, List<string> wanted)
    {
        var count = 0;
        for (var start = 0; start + wanted.Count <= source.Length; start++)
        {
            count += source.AsSpan(start, wanted.Count).SequenceEqual(wanted.ToArray()) ? 1 : 0;
        }

        return count;
    }
}
