using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Deterministic.Tests.Clients;
using Deterministic.Tests.Processes.Failover;

namespace Deterministic.Tests.Processes.Kafka;

/// <summary>
/// `mixed [--quorum ours,kafka] [--kill 1,2,3,4]`: three nodes that are the quorum and brokers, of one kind, and a fourth broker
/// of the other kind in the same cluster, under load and kills. Apache Kafka comes from KAFKA_HOME.
/// </summary>
internal static class MixedCommand
{
    public static int Run(string[] arguments)
    {
        if (!ApacheKafka.IsThere)
        {
            Console.Error.WriteLine("KAFKA_HOME does not name a Kafka distribution");
            return 2;
        }

        int[] victims =
        [
            .. (Option(arguments, "--kill") ?? "1,2,3,4").Split(',').Select(one => int.Parse(one, CultureInfo.InvariantCulture)),
        ];
        var results = new List<FailoverResult>();
        foreach (var quorum in (Option(arguments, "--quorum") ?? "ours,kafka").Split(','))
        {
            Console.WriteLine("quorum: " + quorum);
            using var run = new MixedRun(quorum == "kafka", line => Console.WriteLine("  " + line));
            results.Add(run.Run(quorum, victims));
        }

        Console.WriteLine("\nquorum         ends  median ms  worst ms  acknowledged  failed  verdict");
        foreach (var result in results)
        {
            Console.WriteLine(result);
        }

        return results.Exists(result => result.Wrong is not null) ? 1 : 0;
    }

    private static string? Option(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
