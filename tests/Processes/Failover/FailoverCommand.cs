using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes.Failover;

/// <summary>
/// `failover [--seconds N] [--every N] [--on processes,one-process,kafka]`: three nodes, a topic of three replicas, leaders
/// killed one after the other under an idempotent producer of Confluent.Kafka; how long each partition was away, and whether
/// everything acknowledged is there, once and in order. One cluster after the other: ours as three processes (SIGKILL), ours as
/// one process with --nodes 3, Apache Kafka's as three processes from KAFKA_HOME.
/// </summary>
internal static class FailoverCommand
{
    public static int Run(string[] arguments)
    {
        var length = TimeSpan.FromSeconds(Number(arguments, "--seconds", 120));
        var every = TimeSpan.FromSeconds(Number(arguments, "--every", 6));
        var results = new List<FailoverResult>();
        foreach (var name in (Option(arguments, "--on") ?? "processes").Split(','))
        {
            Console.WriteLine(name);
            results.Add(FailoverRun.Run(name, () => Open(name), length, every, line => Console.WriteLine("  " + line)));
        }

        Console.WriteLine("\non           kills  median ms  worst ms  acknowledged  failed  verdict");
        foreach (var result in results)
        {
            Console.WriteLine(result);
        }

        return results.Exists(result => result.Wrong is not null) ? 1 : 0;
    }

    private static IKillableCluster Open(string name) => name switch
    {
        "processes" => new ProcessCluster(isKafka: false),
        "one-process" => new OneProcessCluster(TimeSpan.FromHours(2)),
        "kafka" when ApacheKafka.IsThere => new ProcessCluster(isKafka: true),
        "kafka" => throw new ArgumentException("KAFKA_HOME does not name a Kafka distribution"),
        _ => throw new ArgumentException($"--on {name}: processes, one-process or kafka"),
    };

    private static string? Option(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }

    private static int Number(string[] arguments, string name, int otherwise) =>
        Option(arguments, name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
