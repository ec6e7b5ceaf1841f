using System;
using System.Collections.Generic;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>
/// A Java properties file as people write them for Kafka: comments with # or !, key and value parted by = or : or
/// blanks, a
/// backslash at the end joins lines.
/// </summary>
internal static class PropertiesFile
{
    public static SortedDictionary<string, string> Parse(string text)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            while (line.EndsWith('\\') && i + 1 < lines.Length)
            {
                line = line[..^1] + lines[++i].Trim();
            }

            if (line.Length == 0 || line[0] is '#' or '!')
            {
                continue;
            }

            var split = line.AsSpan().IndexOfAny('=', ':', ' ');
            if (split < 0)
            {
                found[Unescape(line)] = "";
            }
            else
            {
                found[Unescape(line[..split].Trim())] = Unescape(line[(split + 1)..].TrimStart(' ', '=', ':'));
            }
        }

        return found;
    }

    private static string Unescape(string text) =>
        text.Contains('\\', StringComparison.Ordinal)
            ? text.Replace("\\:", ":", StringComparison.Ordinal)
                .Replace("\\=", "=", StringComparison.Ordinal)
                .Replace("\\\\", "\\", StringComparison.Ordinal)
            : text;
}
