using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>
/// The one broker that all client tests of a run share: our real runtime as a process of its own, with a data
/// folder of its own, ended after the last test.
/// </summary>
/// <remarks>
/// DETERMINISTIC_TEST_BROKER=HOST:PORT uses a broker that runs already, and DETERMINISTIC_TEST_BROKER=kafka starts
/// Apache Kafka from KAFKA_HOME instead: the way to learn whether a failing test is wrong about Kafka or our broker
/// is. Whichever it is, num.partitions is 4 (librdkafka's suite counts on it), so a test that needs one partition
/// creates the topic itself or names the partition; topics and groups have fresh names.
/// </remarks>
public sealed class TestBroker : IDisposable
{
    public const string Variable = "DETERMINISTIC_TEST_BROKER";

    private readonly IDisposable? _owned;

    /// <summary>The one that all share: a group's first members are not waited for, which saves seconds a test.</summary>
    public TestBroker()
        : this(initialRebalanceDelayMs: 0)
    {
    }

    /// <summary>One for a test that needs a group's first members to come in together, whoever of them is first.</summary>
    internal TestBroker(int initialRebalanceDelayMs)
    {
        string[] settings =
        [
            "num.partitions=4",
            FormattableString.Invariant($"group.initial.rebalance.delay.ms={initialRebalanceDelayMs}"),
        ];
        if (WhyNot is not null)
        {
            Bootstrap = "none";
            return;
        }

        switch (Chosen)
        {
            case null:
                var ours = new RealBroker(settings);
                (_owned, Bootstrap) = (ours, ours.Bootstrap);
                break;
            case "kafka":
                var kafka = new ApacheKafka(settings);
                (_owned, Bootstrap) = (kafka, kafka.Bootstrap);
                break;
            default:
                Bootstrap = Chosen;
                break;
        }
    }

    /// <summary>Why there is no broker to test, or null.</summary>
    public static string? WhyNot =>
        Chosen is null && !RealBroker.IsThere ? "the real runtime does not serve clients yet"
        : Chosen == "kafka" && !ApacheKafka.IsThere ? "KAFKA_HOME does not name a Kafka distribution"
        : null;

    /// <summary>HOST:PORT, as every client wants it.</summary>
    public string Bootstrap { get; }

    /// <summary>What the variable says, or null.</summary>
    public static string? Chosen =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen ? chosen : null;

    /// <summary>A topic or group name that no other test has.</summary>
    public static string Fresh(string what) => what + "-" + Guid.NewGuid().ToString("N")[..10];

    public void Dispose() => _owned?.Dispose();
}

/// <summary>All client tests: one broker, one after the other, and apart from the tests that run in parallel.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ClientCollection : ICollectionFixture<TestBroker>
{
    public const string Name = "clients";
}

/// <summary>What the brokers of a test have in common: a free port, and waiting until one answers.</summary>
public static class BrokerProcess
{
    private const int ConnectAgainAfterMs = 50;

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>
    /// Waits until an ApiVersions request is answered; fails with what the process printed when it ends first.
    /// </summary>
    public static void WaitUntilServing(RunningTool process, int port, TimeSpan within, string host = "127.0.0.1")
    {
        var until = DateTime.UtcNow + within;
        while (!AnswersApiVersions(host, port))
        {
            if (process.HasEndedWithin(ConnectAgainAfterMs) || DateTime.UtcNow > until)
            {
                process.Kill();
                Assert.Fail($"the broker does not answer on port {port.ToString(CultureInfo.InvariantCulture)}: "
                    + process.WaitForEnd());
            }
        }
    }

    private static bool AnswersApiVersions(string host, int port)
    {
        // Length 10; ApiVersions (18) version 0; correlation id 7; null client id.
        ReadOnlySpan<byte> request = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255];
        Span<byte> answer = stackalloc byte[8];
        try
        {
            using var client = new TcpClient { ReceiveTimeout = 5000 };
            client.Connect(host, port);
            client.GetStream().Write(request);
            client.GetStream().ReadExactly(answer);
            return BinaryPrimitives.ReadInt32BigEndian(answer[4..]) == 7;
        }
        catch (Exception refused) when (refused is SocketException or IOException)
        {
            return false;
        }
    }
}
