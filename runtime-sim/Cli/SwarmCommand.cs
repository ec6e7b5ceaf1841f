using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Cli;

/// <summary>
/// <c>swarm</c>: many seeds of many scenarios, with progress, and in the end what was simulated, how fast, which
/// faults really
/// happened and which branches were reached.
/// </summary>
public sealed class SwarmCommand
{
    private const int ExpectationExitCode = 1;
    private readonly TextWriter _output;
    private readonly TextWriter _errors;
    private readonly List<SwarmReport> _reports = [];
    private readonly List<double> _coreSeconds = [];

    public SwarmCommand(TextWriter output, TextWriter errors)
    {
        _output = output;
        _errors = errors;
    }

    public int Run(ReadOnlySpan<string> args)
    {
        var options = new Options(args, ["--seeds", "--jobs", "--traces"], ["--twice", "--keep-going"]);
        var files = options.Words.Count > 0 ? options.Words.ConvertAll(ScenarioFiles.Find) : ScenarioFiles.All();
        var jobs = (int)options.Number("--jobs", (ulong)Environment.ProcessorCount);
        var exitCode = 0;
        foreach (var file in files)
        {
            var scenario = Scenario.Load(file);
            var seeds = options.Seeds() ?? scenario.Seeds;
            var report = RunOne(file, seeds, jobs, options.Has("--keep-going"));
            _reports.Add(report);
            var code = Conclude(scenario, report, options);
            if (code == 0 && options.Has("--twice"))
            {
                code = CompareWithSecondProcess(file, report, jobs);
            }

            exitCode = exitCode == 0 ? code : exitCode;
        }

        new SwarmTables(_output).Print(_reports, _coreSeconds);
        return exitCode;
    }

    private SwarmReport RunOne(string file, (ulong First, ulong Last) seeds, int jobs, bool keepsGoing)
    {
        var total = seeds.Last - seeds.First + 1;
        var clock = Stopwatch.StartNew();
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var saidAt = 0L;
        var report = Swarm.Run(file, seeds, jobs, soFar =>
        {
            if (clock.ElapsedMilliseconds - saidAt > 2_000)
            {
                saidAt = clock.ElapsedMilliseconds;
                var done = FormattableString.Invariant($"{soFar.Seeds}/{total} seeds");
                var simulated = FormattableString.Invariant($"{soFar.SimulatedUs / 1e6:F0} simulated seconds");
                _errors.WriteLine($"{file}: {done}, {simulated}, {soFar.Inputs} inputs, {soFar.Failures.Count} failed");
            }

            return keepsGoing || soFar.Failures.Count == 0;
        });
        _coreSeconds.Add((Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds);
        return report;
    }

    private int Conclude(Scenario scenario, SwarmReport report, Options options)
    {
        foreach (var (seed, result) in report.Failures)
        {
            var failure = result.Failure!;
            _output.WriteLine($"FAILED {report.File} seed {seed}: {failure.Kind}: {failure.Check}: {failure.What}");
            _output.WriteLine($"  replay: {CommandLine.ReplayCommand(report.File, seed)}");
        }

        if (report.Failures.Count > 0)
        {
            var first = new List<SimulationResult>(report.Failures.Values)[0];
            WriteTrace(scenario, first.Seed, options.Text("--traces") ?? Path.GetTempPath());
            return (int)first.Failure!.Kind;
        }

        if (scenario.Expectations.Exists(expected => expected.Loss || expected.NoLoss))
        {
            TellLosses(report);
        }

        if (report.Unmet(scenario) is { } unmet)
        {
            _output.WriteLine($"NOT MET {report.File}: {unmet}");
            return ExpectationExitCode;
        }

        return 0;
    }

    private void TellLosses(SwarmReport report)
    {
        var (lost, acked) = (report.Totals["allowed-losses"], report.Totals["acked"]);
        var where = report.FirstLoss is { } first
            ? FormattableString.Invariant(
                $"in {report.SeedsWith["allowed-losses"]} of {report.Seeds} seeds, first in seed {first}")
            : FormattableString.Invariant($"in {report.Seeds} seeds");
        _output.WriteLine(FormattableString.Invariant(
            $"{Path.GetFileNameWithoutExtension(report.File)}: {lost} of {acked} acknowledged records lost, {where}"));
    }

    private void WriteTrace(Scenario scenario, ulong seed, string directory)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, $"{scenario.Name}-{seed}.trace");
        using var writer = new StreamWriter(path);
        var simulation = new Simulation(scenario, seed);
        simulation.World.Trace = new TraceWriter(writer, isTerse: false);
        simulation.Run();
        _output.WriteLine($"  trace:  {path}");
    }

    /// <summary>
    /// Another process, other addresses, another hash seed of the runtime: the same numbers, or something leaks in.
    /// </summary>
    private int CompareWithSecondProcess(string file, SwarmReport report, int jobs)
    {
        var hashes = SecondProcess.Hashes(file, report.Hashes, jobs);
        foreach (var (seed, hash) in report.Hashes)
        {
            if (!hashes.TryGetValue(seed, out var other) || other != hash)
            {
                _output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"NONDETERMINISTIC {file} seed {seed}: {hash:x16} here, {other:x16} in a second process"));
                return (int)FailureKind.Nondeterminism;
            }
        }

        _output.WriteLine($"{file}: {report.Hashes.Count} seeds gave the same hash in a second process");
        return 0;
    }
}
