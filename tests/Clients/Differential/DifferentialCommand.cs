using System;
using System.Diagnostics;
using System.Globalization;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// `differential [--requests N] [--seed N] [--kafka HOST:PORT] [--ours HOST:PORT|kafka] [--strict]`: sends the same
/// generated requests to Apache Kafka and to our broker and reports every field in which the answers differ.
/// Without addresses both are started. `--ours kafka` compares Kafka with Kafka: what it finds is wrong with the
/// comparison. `--strict` forgives nothing that docs/differences.md explains. Ends with 1 when there are
/// differences without a reason.
/// </summary>
public static class DifferentialCommand
{
    public static int Run(string[] arguments)
    {
        var requests = int.Parse(Option(arguments, "--requests") ?? "20000", CultureInfo.InvariantCulture);
        var seed = ulong.Parse(
            Option(arguments, "--seed") ?? FormattableString.Invariant($"{Random.Shared.Next()}"),
            CultureInfo.InvariantCulture);
        if (Option(arguments, "--kafka") is null && !ApacheKafka.IsThere)
        {
            Console.Error.WriteLine("KAFKA_HOME does not name a Kafka distribution, and there is no --kafka HOST:PORT");
            return 2;
        }

        using var brokers = DifferentialBrokers.Start(Option(arguments, "--kafka"), Option(arguments, "--ours"));
        var isStrict = Array.IndexOf(arguments, "--strict") >= 0;
        var run = new DifferentialRun(new Differences(isStrict ? null : Differences.Table));
        var watch = Stopwatch.StartNew();
        Console.WriteLine(FormattableString.Invariant($"seed {seed}"));
        run.Run(brokers, requests, seed);
        Console.WriteLine(DifferentialReport.Of(run, watch.Elapsed));
        return run.Findings.Count == 0 ? 0 : 1;
    }

    private static string? Option(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
