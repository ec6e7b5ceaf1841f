using System;
using System.Globalization;
using System.IO;

namespace Deterministic.Tests.Clients;

/// <summary>
/// Our own broker as users run it: the program of runtime-real in a process of its own, on a fresh folder.
/// </summary>
public sealed class RealBroker : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("deterministic-broker-").FullName;
    private readonly RunningTool _process;

    /// <summary>Starts it and waits until it serves. Settings are server.properties lines.</summary>
    public RealBroker(params string[] settings)
    {
        var port = BrokerProcess.FreePort();
        var properties = Path.Combine(_folder, "server.properties");
        File.WriteAllLines(properties,
        [
            "node.id=1",
            FormattableString.Invariant($"listeners=PLAINTEXT://127.0.0.1:{port}"),
            "log.dirs=" + Path.Combine(_folder, "data"),
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

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Deterministic.Runtime.Real.dll");

    public void Dispose()
    {
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
