using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Deterministic.Runtime.Sim.Cli;

/// <summary>
/// One bug to put back: a unified diff of the kernel, headed by lines that say which bug it is, which scenarios must
/// find it and
/// within how many seeds.
/// </summary>
public sealed record ZooPatch(string Path, string Bug, string What, IReadOnlyList<string> Scenarios, int Seeds)
{
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public static ZooPatch Load(string path)
    {
        var header = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(path))
        {
            if (!line.StartsWith('#'))
            {
                break;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                header[line[1..colon].Trim()] = line[(colon + 1)..].Trim();
            }
        }

        string Need(string key) => header.TryGetValue(key, out var value)
            ? value
            : throw new UsageException($"{path}: the header says no '# {key}:'");

        var scenarios = Need("scenario").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        return new ZooPatch(
            path, Need("bug"), Need("what"), scenarios, int.Parse(Need("seeds"), CultureInfo.InvariantCulture));
    }
}
