using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Deterministic.Tests.Tidy;

/// <summary>
/// The files of the checkout the tests were built from, without what builds and tools leave behind.
/// </summary>
internal static class SourceTree
{
    private static readonly string[] Skipped = ["bin", "obj", ".git", "node_modules", "TestResults", "artifacts", ".vs", ".idea"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with forward slashes, in ordinal order.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root)
        .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
        .Order(StringComparer.Ordinal)];

    public static IEnumerable<string> WithEnding(string ending) =>
        Files.Where(file => file.EndsWith(ending, StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static IEnumerable<string> Walk(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(directory).Where(file => Path.GetFileName(file) != ".git"))
        {
            yield return file;
        }

        foreach (var inner in Directory.EnumerateDirectories(directory))
        {
            if (Skipped.Contains(Path.GetFileName(inner)))
            {
                continue;
            }

            foreach (var file in Walk(inner))
            {
                yield return file;
            }
        }
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Deterministic.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not stand inside a checkout with Deterministic.sln.");
    }
}
