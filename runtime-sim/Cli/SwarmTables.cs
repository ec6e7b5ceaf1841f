using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Deterministic.Broker.Boundary;
using Deterministic.Runtime.Sim.Runs;

namespace Deterministic.Runtime.Sim.Cli;

/// <summary>The numbers a swarm ends with.</summary>
public sealed class SwarmTables
{
    private readonly TextWriter _output;

    public SwarmTables(TextWriter output)
    {
        _output = output;
    }

    public void Print(List<SwarmReport> reports, List<double> coreSeconds)
    {
        _output.WriteLine();
        var rates = $"{"seeds/cs",9} {"sim s/cs",9} {"inputs/cs",11}";
        Line($"{"scenario",-28} {"seeds",6} {"failed",6} {"sim s",9} {"inputs",11} {"core s",8} {rates}");
        for (var i = 0; i < reports.Count; i++)
        {
            var report = reports[i];
            var cs = Math.Max(coreSeconds[i], 1e-9);
            var name = Path.GetFileNameWithoutExtension(report.File);
            var seconds = report.SimulatedUs / 1e6;
            var done = FormattableString.Invariant($"{report.Seeds,6} {report.Failures.Count,6} {seconds,9:F0}");
            rates = FormattableString.Invariant(
                $"{report.Seeds / cs,9:F2} {seconds / cs,9:F1} {report.Inputs / cs,11:F0}");
            Line($"{name,-28} {done} {report.Inputs,11} {cs,8:F1} {rates}");
        }

        PrintCounters(reports);
        PrintProbes(reports);
    }

    private void PrintCounters(List<SwarmReport> reports)
    {
        var totals = new Counters();
        var seedsWith = new Counters();
        var seeds = 0;
        foreach (var report in reports)
        {
            totals.Add(report.Totals);
            seedsWith.Add(report.SeedsWith);
            seeds += report.Seeds;
        }

        _output.WriteLine();
        Line($"{"what happened",-28} {"total",11} {"in seeds",9}");
        foreach (var (name, total) in totals.Values)
        {
            Line($"{name,-28} {total,11} {Share(seedsWith[name], seeds),9}");
        }
    }

    private void PrintProbes(List<SwarmReport> reports)
    {
        var seeds = 0;
        var never = new List<string>();
        foreach (var report in reports)
        {
            seeds += report.Seeds;
        }

        _output.WriteLine();
        Line($"{"probe point",-40} {"in seeds",9}");
        foreach (var point in Enum.GetValues<ProbePoint>())
        {
            var reached = 0L;
            foreach (var report in reports)
            {
                reached += report.SeedsReaching[(int)point];
            }

            if (reached == 0)
            {
                never.Add(point.ToString());
            }
            else
            {
                Line($"{point,-40} {Share(reached, seeds),9}");
            }
        }

        _output.WriteLine("never reached: " + (never.Count == 0 ? "none" : string.Join(", ", never)));
    }

    private static string Share(long part, int whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{(whole == 0 ? 0 : 100.0 * part / whole):F1}%");

    private void Line(FormattableString text) => _output.WriteLine(FormattableString.Invariant(text));


}
