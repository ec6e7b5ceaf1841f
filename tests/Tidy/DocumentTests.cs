using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace Deterministic.Tests.Tidy;

/// <summary>
/// What documents name must exist: a path between backticks, a link, a type of ours between backticks.
/// </summary>
public sealed partial class DocumentTests
{
    private static readonly string[] TopFolders =
        ["kernel/", "runtime-real/", "runtime-sim/", "scenarios/", "tests/", "perf/", "docs/", ".ci/"];

    private static readonly Lazy<HashSet<string>> OurTypes = new(() =>
    [
        .. new[]
        {
            "Deterministic.Primitives", "Deterministic.Protocol", "Deterministic.Broker", "Deterministic.Clients",
            "Deterministic.Runtime.Real", "Deterministic.Runtime.Sim", "Deterministic.Tests",
        }
        .SelectMany(name => Assembly.Load(name).GetTypes())
        .Select(type => type.Name.Split('`')[0]),
    ]);

    [Fact]
    public void Paths_in_documents_exist()
    {
        var broken = new List<string>();
        foreach (var file in SourceTree.WithEnding(".md"))
        {
            foreach (Match match in BacktickedPath().Matches(SourceTree.Read(file)))
            {
                var path = match.Groups[1].Value;
                if (TopFolders.Any(top => path.StartsWith(top, StringComparison.Ordinal))
                    && !path.Contains('*') && !path.Contains('<') && !path.Contains('{') && !Exists(path))
                {
                    broken.Add($"{file}: {path}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void Links_in_documents_lead_somewhere()
    {
        var broken = new List<string>();
        foreach (var file in SourceTree.WithEnding(".md"))
        {
            foreach (Match match in Link().Matches(SourceTree.Read(file)))
            {
                var target = match.Groups[1].Value.Split('#')[0];
                if (target.Length > 0
                    && !target.Contains("://", StringComparison.Ordinal)
                    && !Exists(Path.Combine(Path.GetDirectoryName(file)!, target)))
                {
                    broken.Add($"{file}: {target}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void Types_named_in_the_code_map_exist()
    {
        if (!SourceTree.Files.Contains("docs/code-map.md"))
        {
            return;
        }

        var broken = TypeName().Matches(SourceTree.Read("docs/code-map.md"))
            .Select(match => match.Groups[1].Value.Split('.')[0])
            .Where(name => !OurTypes.Value.Contains(name))
            .Distinct()
            .ToList();
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void Nothing_names_the_machine_it_was_made_on()
    {
        string[] traces = ["/wo" + "rk/", "/tmp/w" + "t/", "/fa" + "rm"];
        var broken =
            from file in SourceTree.Files
            where !file.EndsWith(".bin", StringComparison.Ordinal)
            let text = SourceTree.Read(file)
            from trace in traces
            where text.Contains(trace, StringComparison.Ordinal)
            select $"{file}: {trace}";
        Assert.Empty(broken);
    }

    private static bool Exists(string path)
    {
        var full = Path.Combine(SourceTree.Root, path);
        return File.Exists(full) || Directory.Exists(full);
    }

    [GeneratedRegex(@"`([\w.\-/*<{}>]+/[\w.\-/*<{}>]*)`")]
    private static partial Regex BacktickedPath();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([A-Z][A-Za-z0-9]+(?:\.[A-Z][A-Za-z0-9]+)?)`")]
    private static partial Regex TypeName();
}
