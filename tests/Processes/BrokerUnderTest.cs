using System;
using System.Globalization;
using System.IO;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes;

/// <summary>
/// Our program in a process of its own on a directory that outlives it, alone or below another program such as strace.
/// </summary>
internal sealed class BrokerUnderTest : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly RunningTool _process;

    public BrokerUnderTest(string data, params string[] below)
    {
        Port = BrokerProcess.FreePort();
        string[] command =
        [
            .. below, "dotnet", Program, "--data", data, "--port", Port.ToString(CultureInfo.InvariantCulture),
            "--set", "num.partitions=4",
        ];
        _process = new Tool(command[0], command[1..]) { Deadline = Patience }.Start();
        _process.WaitFor(
            "ready line",
            (output, _) => output.Contains(FormattableString.Invariant($"listening on localhost:{Port}"), default));
    }

    public static string Program => Path.Combine(AppContext.BaseDirectory, "Deterministic.Runtime.Real.dll");

    public int Port { get; }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForEnd();
    }

    public ToolOutcome Stop()
    {
        _process.Terminate();
        return _process.WaitForEnd();
    }

    public ToolOutcome WaitForEnd() => _process.WaitForEnd();

    public void Dispose() => _process.Dispose();
}
