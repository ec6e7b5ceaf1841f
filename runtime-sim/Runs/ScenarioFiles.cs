using System;
using System.Collections.Generic;
using System.IO;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>Finds scenario files: by path, or by name below the nearest directory called scenarios.</summary>
public static class ScenarioFiles
{
    /// <summary>Run when nothing is named: what every change must pass, and what must be seen failing.</summary>
    private static readonly string[] Default = ["fast", "lessons"];

    public static string Find(string nameOrPath)
    {
        if (File.Exists(nameOrPath))
        {
            return nameOrPath;
        }

        foreach (var file in Directory.GetFiles(Root(), "*.scenario", SearchOption.AllDirectories))
        {
            if (Path.GetFileNameWithoutExtension(file) == nameOrPath)
            {
                return Relative(file);
            }
        }

        throw new ScenarioException($"there is no scenario '{nameOrPath}', neither as a path nor below {Root()}");
    }

    /// <summary>The scenarios of the default folders, in ordinal order.</summary>
    public static List<string> All()
    {
        var files = new List<string>();
        foreach (var folder in Default)
        {
            var directory = Path.Combine(Root(), folder);
            if (Directory.Exists(directory))
            {
                foreach (var file in Directory.GetFiles(directory, "*.scenario"))
                {
                    files.Add(Relative(file));
                }
            }
        }

        files.Sort(string.CompareOrdinal);
        return files;
    }

    /// <summary>The directory called scenarios, here or in a directory above, here or where the program is.</summary>
    public static string Root()
    {
        foreach (var start in new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory })
        {
            for (var at = start; at is not null; at = Path.GetDirectoryName(at))
            {
                var candidate = Path.Combine(at, "scenarios");
                if (Directory.Exists(candidate))
                {
                    return candidate;
                }
            }
        }

        throw new ScenarioException("there is no directory called 'scenarios' here or above");
    }

    private static string Relative(string file) => Path.GetRelativePath(Directory.GetCurrentDirectory(), file);
}
