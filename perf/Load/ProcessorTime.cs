using System;
using System.Globalization;
using System.IO;

namespace Deterministic.Perf.Load;

/// <summary>
/// Processor time and memory of another process, from Linux's own accounting. Zero where there is no such process.
/// </summary>
internal static class ProcessorTime
{
    private const double TicksPerSecond = 100;

    /// <summary>User plus system seconds since the process began.</summary>
    public static double SecondsOf(int pid)
    {
        var path = $"/proc/{pid}/stat";
        if (pid <= 0 || !File.Exists(path))
        {
            return 0;
        }

        var text = File.ReadAllText(path);
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture)
            + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Resident megabytes now.</summary>
    public static double ResidentMegabytesOf(int pid)
    {
        var path = $"/proc/{pid}/status";
        if (pid <= 0 || !File.Exists(path))
        {
            return 0;
        }

        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
            {
                var kilobytes = line["VmRSS:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
                return double.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024;
            }
        }

        return 0;
    }
}
