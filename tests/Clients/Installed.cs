using System;
using System.IO;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>What a client test needs on the machine. Each need has a sentence that says what is missing.</summary>
[Flags]
public enum Needs
{
    None = 0,
    Kcat = 1,
    KafkaPython = 2,
    ConfluentPython = 4,
    KafkaJs = 8,
    Librdkafka = 16,
    JavaTools = 32,
}

/// <summary>A fact that is skipped, with the reason printed, where an outside client is not installed.</summary>
public sealed class ClientFactAttribute : FactAttribute
{
    public ClientFactAttribute(Needs needs) => Skip = Installed.WhyNot(needs);
}

/// <summary>A theory that is skipped, with the reason printed, where an outside client is not installed.</summary>
public sealed class ClientTheoryAttribute : TheoryAttribute
{
    public ClientTheoryAttribute(Needs needs) => Skip = Installed.WhyNot(needs);
}

/// <summary>
/// Where the outside clients are: what tests/Clients/setup.sh installed, and Apache Kafka in KAFKA_HOME.
/// </summary>
public static class Installed
{
    public const string SystemPython = "/usr/bin/python3";

    public static string Home { get; } =
        Environment.GetEnvironmentVariable("DETERMINISTIC_CLIENTS") is { Length: > 0 } home
            ? home
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache",
                "deterministic-clients");

    public static string KafkaJs => Path.Combine(Home, "kafkajs");

    public static string Librdkafka => Path.Combine(Home, "librdkafka-2.15.1");

    public static string LibrdkafkaLibrary => Path.Combine(Librdkafka, "librdkafka.so.1");

    public static string? KafkaHome => Environment.GetEnvironmentVariable("KAFKA_HOME");

    /// <summary>The repository's root: the folder with the solution, upward from where the tests were built.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Script(string name) => Path.Combine(Root, "tests", "Clients", "Scripts", name);

    /// <summary>Why a test with these needs cannot run here, or null when it can.</summary>
    public static string? WhyNot(Needs needs)
    {
        foreach (var need in Enum.GetValues<Needs>())
        {
            if (need != Needs.None && needs.HasFlag(need) && Missing(need) is { } missing)
            {
                return missing;
            }
        }

        return TestBroker.WhyNot;
    }

    private static string? Missing(Needs need) => need switch
    {
        Needs.Kcat => OnPath("kcat") ? null : Advice("kcat"),
        Needs.KafkaPython => PythonHas("kafka") ? null : Advice("kafka-python"),
        Needs.ConfluentPython => PythonHas("confluent_kafka") ? null : Advice("confluent-kafka for Python"),
        Needs.KafkaJs => OnPath("node") && Directory.Exists(Path.Combine(KafkaJs, "node_modules", "kafkajs"))
            ? null : Advice("kafkajs"),
        Needs.Librdkafka => File.Exists(LibrdkafkaLibrary) ? null : Advice("librdkafka 2.15.1"),
        Needs.JavaTools => KafkaHome is { } home && Directory.Exists(Path.Combine(home, "libs")) && OnPath("java")
            ? null : "KAFKA_HOME does not name a Kafka distribution (or java is missing)",
        Needs.None => null,
    };

    private static string Advice(string what) => $"{what} is not installed: bash tests/Clients/setup.sh installs it";

    private static bool OnPath(string program)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            if (folder.Length > 0 && File.Exists(Path.Combine(folder, program)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool PythonHas(string module) =>
        File.Exists(SystemPython) && Directory.Exists("/usr/lib/python3/dist-packages/" + module);

    private static string FindRoot(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Deterministic.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("no Deterministic.sln above " + from);
    }
}
