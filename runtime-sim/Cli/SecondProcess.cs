using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Reflection;

namespace Deterministic.Runtime.Sim.Cli;

/// <summary>Runs this very program again and reads the hashes it finds.</summary>
public static class SecondProcess
{
    public static SortedDictionary<ulong, ulong> Hashes(string file, SortedDictionary<ulong, ulong> seeds, int jobs)
    {
        var found = new SortedDictionary<ulong, ulong>();
        if (seeds.Count == 0)
        {
            return found;
        }

        var start = new ProcessStartInfo(DotnetOrSelf()) { RedirectStandardOutput = true, UseShellExecute = false };
        if (IsDotnet(start.FileName))
        {
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        }

        var range = string.Create(CultureInfo.InvariantCulture, $"{seeds.First().Key}..{seeds.Last().Key}");
        var threads = jobs.ToString(CultureInfo.InvariantCulture);
        foreach (var arg in new[] { "hashes", file, "--seeds", range, "--jobs", threads })
        {
            start.ArgumentList.Add(arg);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("no second process");
        while (process.StandardOutput.ReadLine() is { } line)
        {
            var parts = line.Split(' ');
            found[ulong.Parse(parts[0], CultureInfo.InvariantCulture)] =
                ulong.Parse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        process.WaitForExit();
        return found;
    }

    private static string DotnetOrSelf()
    {
        var own = Environment.ProcessPath ?? "dotnet";
        var isOurs = own.EndsWith("Deterministic.Runtime.Sim", StringComparison.Ordinal)
            || own.EndsWith("Deterministic.Runtime.Sim.exe", StringComparison.Ordinal);
        return isOurs || IsDotnet(own) ? own : "dotnet";
    }

    private static bool IsDotnet(string path) =>
        path.EndsWith("dotnet", StringComparison.Ordinal) || path.EndsWith("dotnet.exe", StringComparison.Ordinal);
}
