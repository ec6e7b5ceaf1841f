using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace Deterministic.Tests.Traces;

/// <summary>
/// A golden trace: blocks of commands, four dashes, what happened, a blank line. Lines that begin with # are for
/// the reader.
/// With REWRITE=1 in the environment the outputs are written anew instead of compared.
/// </summary>
public static class TraceFile
{
    private const string Dashes = "----";

    /// <summary>The traces beside the test that calls, by name.</summary>
    public static IEnumerable<string> NamesIn(string directory) =>
        Directory.GetFiles(directory, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file))
            .Order(StringComparer.Ordinal);

    public static string DirectoryOfCaller([CallerFilePath] string caller = "") => Path.GetDirectoryName(caller)!;

    /// <summary>
    /// Runs one trace; <paramref name="run"/> makes one command's output of it, without a newline at the end.
    /// </summary>
    public static void Run(string path, Func<string, string> run)
    {
        var given = File.ReadAllText(path);
        var replayed = Replay(given, run);
        if (Environment.GetEnvironmentVariable("REWRITE") == "1")
        {
            File.WriteAllText(path, replayed);
        }
        else
        {
            Assert.Equal(given, replayed);
        }
    }

    private static string Replay(string text, Func<string, string> run)
    {
        var output = new StringBuilder();
        var lines = text.TrimEnd('\n').Split('\n');
        var commands = new List<string>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0 || lines[i][0] == '#')
            {
                output.Append(lines[i]).Append('\n');
                continue;
            }

            if (lines[i] != Dashes)
            {
                commands.Add(lines[i]);
                output.Append(lines[i]).Append('\n');
                continue;
            }

            output.Append(Dashes).Append('\n');
            foreach (var answer in commands.Select(run).Where(answer => answer.Length > 0))
            {
                output.Append(answer).Append('\n');
            }

            commands.Clear();
            while (i + 1 < lines.Length && lines[i + 1].Length > 0)
            {
                i++;
            }
        }

        Assert.Empty(commands);
        return output.ToString();
    }
}
