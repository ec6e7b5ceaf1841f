using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Cli;

/// <summary>The simulator's command line. Exit codes tell the kinds of failure apart, see <see cref="Help"/>.</summary>
public static class CommandLine
{
    public const int UsageExitCode = 2;

    public const string Help = """
        Simulates nodes and their clients: virtual time, network, disk and processes, all from one seed.

        usage:
          run    SCENARIO [--seed N] [--trace FILE] [--disk DIR]   one seed; prints what it came to
          replay SCENARIO --seed N [--all]                         one seed; prints one line per event
          swarm  [SCENARIO...] [--seeds A..B] [--twice] [--jobs N] [--keep-going]
                                                                   many seeds; --twice: each in a second process too
          hashes SCENARIO [--seeds A..B] [--jobs N]                seed and trace hash, one line each
          zoo    [PATCH...] [--seeds N] [--keep]                   puts known bugs back, sees each of them found

        SCENARIO is a file, or the name of one below scenarios/. Without any, swarm runs scenarios/fast and
        scenarios/lessons.

        examples:
          swarm --seeds 1..1000 --twice
          swarm crash --seeds 1..100000 --jobs 2
          replay power-loss --seed 4711 | less
          run power-loss --seed 3 --disk /tmp/after      leaves the node's files there, for kafka-dump-log

        exit codes: 0 fine, 127 a node broke (invariant or exception), 128 something stopped making progress, 129 a
        promise was broken, 130 one seed gave two different runs, 1 an expectation was not met, 2 the command line is
        wrong.
        """;

    public static int Run(ReadOnlySpan<string> args, TextWriter output, TextWriter errors)
    {
        try
        {
            if (args.Length == 0 || args[0] is "--help" or "-h" or "help")
            {
                output.WriteLine(Help);
                return args.Length == 0 ? UsageExitCode : 0;
            }

            var rest = args[1..];
            return args[0] switch
            {
                "run" => RunOne(rest, output),
                "replay" => Replay(rest, output),
                "swarm" => new SwarmCommand(output, errors).Run(rest),
                "hashes" => Hashes(rest, output),
                "hunt" => Hunt(rest, output),
                "zoo" => new ZooCommand(output).Run(rest),
                _ => throw new UsageException($"there is no command '{args[0]}'; see --help"),
            };
        }
        catch (Exception exception) when (exception is UsageException or ScenarioException)
        {
            errors.WriteLine(exception.Message);
            return UsageExitCode;
        }
        catch (AggregateException several) when (several.InnerExceptions.All(one => one is ScenarioException))
        {
            // Seeds run side by side, and each has met the same line.
            errors.WriteLine(several.InnerException!.Message);
            return UsageExitCode;
        }
    }

    /// <summary>The command that shows a seed again.</summary>
    public static string ReplayCommand(string file, ulong seed) =>
        FormattableString.Invariant($"dotnet run -c Release --project runtime-sim -- replay {file} --seed {seed}");

    private static int RunOne(ReadOnlySpan<string> args, TextWriter output)
    {
        var options = new Options(args, ["--seed", "--trace", "--disk"], []);
        var file = ScenarioFiles.Find(TheScenario(options));
        var simulation = new Simulation(Scenario.Load(file), options.Number("--seed", 1));
        using var trace = options.Text("--trace") is { } path ? new StreamWriter(path) : null;
        if (trace is not null)
        {
            simulation.World.Trace = new TraceWriter(trace, isTerse: false);
        }

        var result = simulation.Run();
        if (options.Text("--disk") is { } directory)
        {
            SaveDisk(simulation, directory);
        }

        var simulated = FormattableString.Invariant($"{result.SimulatedUs / 1e6:F3} simulated seconds");
        var steps = FormattableString.Invariant($"{result.Inputs} inputs, {result.Effects} effects");
        output.WriteLine($"{file} seed {result.Seed}: {simulated}, {steps}, hash {result.Hash:x16}");
        foreach (var (name, value) in result.Counters.Values)
        {
            if (value != 0)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-24} {value}"));
            }
        }

        return Conclude(file, result, output);
    }

    private static int Replay(ReadOnlySpan<string> args, TextWriter output)
    {
        var options = new Options(args, ["--seed"], ["--all"]);
        var file = ScenarioFiles.Find(TheScenario(options));
        var simulation = new Simulation(Scenario.Load(file), options.Number("--seed", 1));
        simulation.World.Trace = new TraceWriter(output, isTerse: !options.Has("--all"));
        var result = simulation.Run();
        return Conclude(file, result, output);
    }

    private static int Hashes(ReadOnlySpan<string> args, TextWriter output)
    {
        var options = new Options(args, ["--seeds", "--jobs"], []);
        var file = ScenarioFiles.Find(TheScenario(options));
        var seeds = options.Seeds() ?? Scenario.Load(file).Seeds;
        var jobs = (int)options.Number("--jobs", (ulong)Environment.ProcessorCount);
        foreach (var (seed, hash) in Swarm.Run(file, seeds, jobs, _ => true).Hashes)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seed} {hash:x16}"));
        }

        return 0;
    }

    /// <summary>For the zoo: seeds until the first failure, in one line a program reads.</summary>
    private static int Hunt(ReadOnlySpan<string> args, TextWriter output)
    {
        var options = new Options(args, ["--seeds", "--jobs"], []);
        var file = ScenarioFiles.Find(TheScenario(options));
        var scenario = Scenario.Load(file);
        var jobs = (int)options.Number("--jobs", (ulong)Environment.ProcessorCount);
        var report = Swarm.Run(file, options.Seeds() ?? scenario.Seeds, jobs, soFar => soFar.Failures.Count == 0);
        var seconds = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;
        var check = "-";
        foreach (var (_, result) in report.Failures)
        {
            check = result.Failure!.Check;
            break;
        }

        var verdict = report.Failures.Count > 0 ? "found" : "clean";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{verdict} {check} {report.Seeds} {seconds:F1}"));
        return 0;
    }

    private static int Conclude(string file, SimulationResult result, TextWriter output)
    {
        if (result.Failure is not { } failure)
        {
            return 0;
        }

        output.WriteLine($"FAILED {failure.Kind}: {failure.Check}: {failure.What}");
        output.Write(result.Report);
        output.WriteLine($"replay: {ReplayCommand(file, result.Seed)}");
        return (int)failure.Kind;
    }

    private static string TheScenario(Options options) => options.Words.Count == 1
        ? options.Words[0]
        : throw new UsageException("name one scenario");

    private static void SaveDisk(Simulation simulation, string directory)
    {
        foreach (var node in simulation.World.Nodes)
        {
            var root = simulation.World.Nodes.Count == 1
                ? directory
                : Path.Combine(directory, MachineName(node.Host));
            foreach (var (path, file) in node.Disk.Files)
            {
                var full = Path.Combine(root, path);
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                File.WriteAllBytes(full, file.Staged.ToArray());
            }
        }
    }

    private static string MachineName(int node) => Worlds.World.HostName(node);
}
