using System;
using System.Diagnostics;
using System.Globalization;

namespace Deterministic.Perf.Micro;

/// <summary>
/// Times one thing: warms it up, repeats it for about a fifth of a second five times, in processor time, and prints
/// the fastest round, which is the one that other work on the machine disturbed least.
/// </summary>
internal static class Bench
{
    private const int Rounds = 5;

    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(200);

    /// <param name="name">What it is, as it shall stand in the report.</param>
    /// <param name="bytes">What one call works on, for GB/s; 0 where that says nothing.</param>
    /// <param name="items">How many records or the like one call handles, for ns each; 0 for none.</param>
    /// <param name="action">The thing.</param>
    public static void Run(string name, long bytes, long items, Action action)
    {
        var calls = Calibrate(action);
        var best = double.MaxValue;
        var allocated = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = Environment.CpuUsage.TotalTime;
            for (var i = 0L; i < calls; i++)
            {
                action();
            }

            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalSeconds / calls);
            allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / calls;
        }

        var line = string.Create(CultureInfo.InvariantCulture, $"{name,-44} {best * 1e9,12:F0} ns");
        line += bytes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {bytes / best / 1e9,8:F2} GB/s");
        line += items == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {best * 1e9 / items,8:F1} ns each");
        line += string.Create(CultureInfo.InvariantCulture, $" {allocated,8} B");
        Console.WriteLine(line);
    }

    private static long Calibrate(Action action)
    {
        // Long enough for the compiler in the background to have had its say.
        var warm = Stopwatch.StartNew();
        while (warm.Elapsed < 3 * RoundTime)
        {
            action();
        }

        var calls = 1L;
        while (true)
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0L; i < calls; i++)
            {
                action();
            }

            if (watch.Elapsed > RoundTime / 2)
            {
                return Math.Max(1, (long)(calls * (RoundTime / watch.Elapsed)));
            }

            calls *= 2;
        }
    }
}
