using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>One program to run: what, with what input and environment, and how long it may take.</summary>
public sealed record Tool(string Program, params string[] Arguments)
{
    public string? Input { get; init; }

    public string? Folder { get; init; }

    /// <summary>Over what this process has; null takes a variable away.</summary>
    public Dictionary<string, string?> Environment { get; init; } = [];

    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    public RunningTool Start() => new(this);

    /// <summary>Runs to the end; a program that outlives its deadline is killed and the outcome says so.</summary>
    public ToolOutcome Run()
    {
        using var running = Start();
        return running.WaitForEnd();
    }

    /// <summary>
    /// Runs to the end and fails the test, with everything that was printed, unless the program ended with 0.
    /// </summary>
    public ToolOutcome MustRun() => Run().MustSucceed();

    public override string ToString() => Program + " " + string.Join(' ', Arguments);
}

/// <summary>How a program ended and all it printed.</summary>
public sealed record ToolOutcome(string Command, int ExitCode, bool TimedOut, string Output, string Errors)
{
    public ToolOutcome MustSucceed()
    {
        Assert.True(ExitCode == 0 && !TimedOut, ToString());
        return this;
    }

    public ToolOutcome MustContain(string text)
    {
        Assert.True(Output.Contains(text, StringComparison.Ordinal), $"no \"{text}\" in the output of {this}");
        return this;
    }

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() =>
        $"{Command}\n{(TimedOut ? "outlived its deadline and was killed" : $"ended with {ExitCode}")}\n"
        + $"--- output\n{Shorten(Output)}\n--- errors\n{Shorten(Errors)}";

    private static string Shorten(string text) =>
        text.Length <= 8000 ? text : text[..3000] + $"\n... {text.Length - 8000} characters ...\n" + text[^5000..];
}

/// <summary>
/// A program that runs. Waiting is for a condition with a deadline; disposing kills what is left of it.
/// </summary>
public sealed class RunningTool : IDisposable
{
    private readonly Tool _tool;
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly DateTime _until;
    private readonly object _gate = new();
    private int _openPipes = 2;

    public RunningTool(Tool tool)
    {
        _tool = tool;
        var start = new ProcessStartInfo(tool.Program, tool.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = tool.Folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in tool.Environment)
        {
            start.Environment[name] = value;
        }

        _until = DateTime.UtcNow + tool.Deadline;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Collect(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Collect(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        if (tool.Input is not null)
        {
            FeedAndClose(tool.Input);
        }
    }

    public int Id => _process.Id;

    /// <summary>
    /// Waits until what was printed so far, output and errors, meets a condition; fails when the program ends
    /// first.
    /// </summary>
    public void WaitFor(string what, Func<string, string, bool> isMet)
    {
        lock (_gate)
        {
            while (!isMet(_output.ToString(), _errors.ToString()))
            {
                var left = _until - DateTime.UtcNow;
                Assert.True(left > TimeSpan.Zero, $"no {what} in time from {Describe(-1, timedOut: true)}");
                Assert.True(_openPipes > 0, $"no {what} before the end of {Describe(-1, timedOut: false)}");
                Monitor.Wait(_gate, left);
            }
        }
    }

    /// <summary>Writes a line to the program's standard input.</summary>
    public void Tell(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Asks the program to end in its orderly way.</summary>
    public void Interrupt() => new Tool("kill", "-INT", $"{_process.Id}").Run();

    public void Terminate() => new Tool("kill", "-TERM", $"{_process.Id}").Run();

    public void Kill() => _process.Kill(entireProcessTree: true);

    public bool HasEndedWithin(int milliseconds) => _process.WaitForExit(milliseconds);

    public ToolOutcome WaitForEnd()
    {
        var left = _until - DateTime.UtcNow;
        var ended = left > TimeSpan.Zero && _process.WaitForExit(left);
        if (!ended)
        {
            Kill();
        }

        _process.WaitForExit();
        lock (_gate)
        {
            return Describe(_process.ExitCode, !ended);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private ToolOutcome Describe(int exitCode, bool timedOut) =>
        new(_tool.ToString(), exitCode, timedOut, _output.ToString(), _errors.ToString());

    private void Collect(StringBuilder into, string? line)
    {
        lock (_gate)
        {
            if (line is null)
            {
                _openPipes--;
            }
            else
            {
                into.Append(line).Append('\n');
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void FeedAndClose(string input)
    {
        try
        {
            _process.StandardInput.Write(input);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading all of it: its exit code and output tell why.
        }
    }
}
