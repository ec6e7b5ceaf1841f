using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Deterministic.Tests.Clients;

/// <summary>
/// Apache Kafka from KAFKA_HOME as one node in a process of its own, on a fresh folder or on a data directory that
/// somebody else left: the oracle that tests ask. Classes on libs/* are run rather than scripts, so any Kafka
/// distribution serves.
/// </summary>
public sealed class ApacheKafka : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("apache-kafka-").FullName;
    private readonly RunningTool _process;

    /// <summary>
    /// Formats, starts and waits for it, about 8 s. Settings are server.properties lines put after the usual ones.
    /// </summary>
    public ApacheKafka(params string[] settings)
        : this(null, settings)
    {
    }

    private ApacheKafka(string? data, string[] settings)
    {
        var port = BrokerProcess.FreePort();
        var properties = Path.Combine(_folder, "server.properties");
        var usual = Properties(data ?? Path.Combine(_folder, "data"), port, BrokerProcess.FreePort());
        File.WriteAllLines(properties, [.. usual, .. settings]);
        if (data is null || !Directory.Exists(data))
        {
            Java("kafka.tools.StorageTool", "format", "--standalone", "--cluster-id=" + ClusterId(), "-c", properties).MustRun();
        }

        _process = (Java("kafka.Kafka", properties) with { Deadline = TimeSpan.FromHours(2) }).Start();
        BrokerProcess.WaitUntilServing(_process, port, TimeSpan.FromSeconds(90));
        Bootstrap = "127.0.0.1:" + port.ToString(CultureInfo.InvariantCulture);
    }

    public static bool IsThere => Installed.KafkaHome is { } home && Directory.Exists(Path.Combine(home, "libs"));

    /// <summary>What lets internal topics exist on one node.</summary>
    public static string[] OneNodeSettings { get; } =
    [
        "offsets.topic.replication.factor=1",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "share.coordinator.state.topic.replication.factor=1",
        "share.coordinator.state.topic.min.isr=1",
    ];

    public string Bootstrap { get; }

    /// <summary>One class of Kafka's, ready to run: the JVM is told to start fast, since most runs are short.</summary>
    public static Tool Java(string mainClass, params string[] arguments)
    {
        var libraries = Path.Combine(Installed.KafkaHome ?? "", "libs", "*");
        string[] virtualMachine =
        [
            "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", libraries, mainClass,
        ];
        return new Tool("java", [.. virtualMachine, .. arguments]);
    }

    /// <summary>Starts it on the data directory of a node 1, or a new one, which it leaves behind.</summary>
    public static ApacheKafka On(string data, params string[] settings) => new(data, settings);

    /// <summary>Ends it in good order. What it printed is returned: its warnings and errors.</summary>
    public ToolOutcome Stop()
    {
        _process.Terminate();
        return _process.WaitForEnd();
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

    private static string ClusterId() =>
        Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static List<string> Properties(string data, int port, int controllerPort) =>
    [
        "process.roles=broker,controller",
        "node.id=1",
        FormattableString.Invariant($"controller.quorum.bootstrap.servers=127.0.0.1:{controllerPort}"),
        FormattableString.Invariant($"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}"),
        FormattableString.Invariant($"advertised.listeners=PLAINTEXT://127.0.0.1:{port}"),
        "controller.listener.names=CONTROLLER",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs=" + data,
        "group.initial.rebalance.delay.ms=0",
        .. OneNodeSettings,
    ];
}
