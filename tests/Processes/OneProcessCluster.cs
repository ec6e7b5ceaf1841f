using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes;

/// <summary>Three nodes in one process: the program with `--nodes 3`, whose nodes are killed by its own commands.</summary>
internal sealed partial class OneProcessCluster : IKillableCluster
{
    private readonly string _data = Directory.CreateTempSubdirectory("deterministic-nodes-").FullName;
    private readonly RunningTool _program;
    private readonly Dictionary<string, int> _answers = [];
    private readonly bool[] _isStarting = new bool[ProcessCluster.Count];

    /// <param name="deadline">When whatever is still waited for has failed; a long run of `failover` needs a long one.</param>
    public OneProcessCluster(TimeSpan deadline)
    {
        _program = new Tool("dotnet", RealBroker.Program, "--nodes", "3", "--port", "0", "--data", _data, "--interactive")
        {
            Environment = new() { [TestBroker.Variable] = null, ["DETERMINISTIC_CLIENTS"] = null },
            Deadline = deadline,
        }.Start();
        Await("commands: kill N, stop N or start N");
    }

    public string Bootstrap { get; private set; } = "";

    public void Kill(int node)
    {
        WaitUntilServing(node);
        Ask(Text($"kill {node}"), Text($"node {node} is killed"));
    }

    public void Start(int node)
    {
        _program.Tell(Text($"start {node}"));
        _isStarting[node - 1] = true;
    }

    public void WaitUntilServing(int node)
    {
        if (_isStarting[node - 1])
        {
            Await(Text($"node {node} serves"));
            _isStarting[node - 1] = false;
        }
    }

    /// <summary>Types a command and waits for one more line like this.</summary>
    public void Ask(string command, string answer)
    {
        _program.Tell(command);
        Await(answer);
    }

    /// <summary>SIGTERM, and waits for the orderly end.</summary>
    public ToolOutcome Stop()
    {
        _program.Terminate();
        return _program.WaitForEnd();
    }

    public void Dispose()
    {
        _program.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private void Await(string line)
    {
        var times = _answers[line] = _answers.GetValueOrDefault(line) + 1;
        _program.WaitFor(line, (output, _) =>
        {
            Assert.DoesNotContain("did not start", output, StringComparison.Ordinal);
            Bootstrap = Listening().Match(output).Groups[1].Value;
            return output.Split(line + "\n").Length > times;
        });
    }

    [GeneratedRegex("listening on (.*)\n")]
    private static partial Regex Listening();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
