using System;
using System.Globalization;
using System.IO;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>
/// Our own broker as users run it: the program of runtime-real in a process of its own, on a fresh folder or on a data
/// directory that somebody else left.
/// </summary>
public sealed class RealBroker : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("deterministic-broker-").FullName;
    private readonly RunningTool _process;

    /// <summary>
    /// Starts it on a fresh folder and waits until it serves. Settings are server.properties lines.
    /// </summary>
    public RealBroker(params string[] settings)
        : this(null, settings)
    {
    }

    private RealBroker(string? data, string[] settings)
    {
        var port = BrokerProcess.FreePort();
        var properties = Path.Combine(_folder, "server.properties");
        File.WriteAllLines(properties,
        [
            "node.id=1",
            FormattableString.Invariant($"listeners=PLAINTEXT://127.0.0.1:{port}"),
            "log.dirs=" + (data ?? Path.Combine(_folder, "data")),
            .. settings,
        ]);
        _process = new Tool("dotnet", Program, properties)
        {
            // The broker reads properties from variables of this prefix; these are for the tests.
            Environment = new() { [TestBroker.Variable] = null, ["DETERMINISTIC_CLIENTS"] = null },
            Deadline = TimeSpan.FromHours(2),
        }.Start();
        BrokerProcess.WaitUntilServing(_process, port, TimeSpan.FromSeconds(30));
        Bootstrap = "127.0.0.1:" + port.ToString(CultureInfo.InvariantCulture);
    }

    public static bool IsThere => File.Exists(Program);

    public string Bootstrap { get; }

    internal static string Program => Path.Combine(AppContext.BaseDirectory, "Deterministic.Runtime.Real.dll");

    /// <summary>Starts it on a data directory, which it leaves behind.</summary>
    public static RealBroker On(string data, params string[] settings) => new(data, settings);

    /// <summary>Ends it with SIGTERM, which it must take as a wish.</summary>
    public void Stop()
    {
        _process.Terminate();
        var outcome = _process.WaitForEnd();
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForEnd();
    }

    public void Dispose()
    {
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
