using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Deterministic.Runtime.Sim.Runs;

namespace Deterministic.Runtime.Sim.Cli;

/// <summary>
/// <c>zoo</c>: the check of the checks. Copies the source, puts one known bug back at a time, builds, and runs the
/// scenarios that
/// must find it. A bug that survives its seeds, or a patch that no longer applies, fails the command.
/// </summary>
/// <remarks>The kernel itself carries no switch for bugs: what ships is what is simulated.</remarks>
public sealed class ZooCommand
{
    private static readonly string[] Copied =
    [
        "kernel", "runtime-sim", "scenarios", "Directory.Build.props", "Directory.Packages.props", "global.json",
        ".editorconfig",
    ];

    private readonly TextWriter _output;

    public ZooCommand(TextWriter output)
    {
        _output = output;
    }

    public int Run(ReadOnlySpan<string> args)
    {
        var options = new Options(args, ["--seeds"], ["--keep"]);
        var patches = Choose(options.Words);
        var root = Path.GetDirectoryName(ScenarioFiles.Root())!;
        var copy = Directory.CreateTempSubdirectory("zoo-").FullName;
        foreach (var name in Copied)
        {
            Copy(Path.Combine(root, name), Path.Combine(copy, name));
        }

        _output.WriteLine($"{patches.Count} bugs, source copied to {copy}");
        var columns = $"{"verdict",-12} {"scenario",-16} {"check",-22} {"seeds",7} {"core s",8}";
        _output.WriteLine($"{"bug",-10} {"patch",-34} {columns}");
        var survivors = 0;
        foreach (var patch in patches)
        {
            survivors += TryOne(patch, copy, (int)options.Number("--seeds", (ulong)patch.Seeds)) ? 0 : 1;
            _output.Flush();
        }

        if (!options.Has("--keep"))
        {
            Directory.Delete(copy, recursive: true);
        }

        _output.WriteLine(survivors == 0
            ? $"all {patches.Count} found"
            : string.Create(CultureInfo.InvariantCulture, $"{survivors} of {patches.Count} not found"));
        return survivors == 0 ? 0 : 1;
    }

    private static List<ZooPatch> Choose(List<string> words)
    {
        var chosen = new List<ZooPatch>();
        var files = Directory.GetFiles(Path.Combine(ScenarioFiles.Root(), "zoo"), "*.patch");
        Array.Sort(files, string.CompareOrdinal);
        foreach (var file in files)
        {
            var patch = ZooPatch.Load(file);
            if (words.Count == 0 || words.Contains(patch.Name) || words.Contains(patch.Bug))
            {
                chosen.Add(patch);
            }
        }

        return chosen.Count > 0 ? chosen : throw new UsageException("no patch of that name below scenarios/zoo");
    }

    private bool TryOne(ZooPatch patch, string copy, int seeds)
    {
        if (Execute(copy, "git", ["apply", "-p1", Path.GetFullPath(patch.Path)]).ExitCode != 0)
        {
            Row(patch, "NO LONGER APPLIES", "", "", 0, 0);
            return false;
        }

        try
        {
            string[] build =
            [
                "build", "runtime-sim", "-c", "Release", "-v", "q", "--nologo", "-clp:ErrorsOnly", "-p:RunAnalyzers=false",
            ];
            var built = Execute(copy, "dotnet", build);
            if (built.ExitCode != 0)
            {
                Row(patch, "DOES NOT BUILD", "", "", 0, 0);
                _output.WriteLine(built.Output);
                return false;
            }

            return Hunt(patch, copy, seeds);
        }
        finally
        {
            Execute(copy, "git", ["apply", "-p1", "-R", Path.GetFullPath(patch.Path)]);
        }
    }

    private bool Hunt(ZooPatch patch, string copy, int seeds)
    {
        var dll = Path.Combine("runtime-sim", "bin", "Release", "net10.0", "Deterministic.Runtime.Sim.dll");
        var ran = 0;
        var spent = 0.0;
        foreach (var scenario in patch.Scenarios)
        {
            var upTo = seeds.ToString(CultureInfo.InvariantCulture);
            var hunted = Execute(copy, "dotnet", [dll, "hunt", scenario, "--seeds", upTo]).Output.Trim();

            // found|clean, check, seeds, core seconds
            var parts = hunted.Split(' ');
            if (parts.Length != 4)
            {
                Row(patch, "NO ANSWER", scenario, hunted, 0, 0);
                return false;
            }

            ran += int.Parse(parts[2], CultureInfo.InvariantCulture);
            spent += double.Parse(parts[3], CultureInfo.InvariantCulture);
            if (parts[0] == "found")
            {
                Row(patch, "found", scenario, parts[1], ran, spent);
                return true;
            }
        }

        Row(patch, "SURVIVED", string.Join(',', patch.Scenarios), "", ran, spent);
        return false;
    }

    private void Row(ZooPatch patch, string verdict, string scenario, string check, int seeds, double seconds) =>
        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{patch.Bug,-10} {patch.Name,-34} {verdict,-12} {scenario,-16} {check,-22} {seeds,7} {seconds,8:F1}"));

    private static (int ExitCode, string Output) Execute(string directory, string program, string[] args)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    private static void Copy(string from, string to)
    {
        if (File.Exists(from))
        {
            File.Copy(from, to);
            return;
        }

        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var directory in Directory.GetDirectories(from))
        {
            var name = Path.GetFileName(directory);
            if (name is not ("bin" or "obj"))
            {
                Copy(directory, Path.Combine(to, name));
            }
        }
    }
}
