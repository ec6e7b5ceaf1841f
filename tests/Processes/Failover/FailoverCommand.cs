using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes.Failover;

/// <summary>
/// `failover [--seconds N] [--every N] [--kafka]`: three processes, a topic of three replicas, leaders killed with SIGKILL one
/// after the other under an idempotent producer of Confluent.Kafka; how long each partition was away, and whether everything
/// acknowledged is there, once and in order. With --kafka the same against Apache Kafka from KAFKA_HOME.
/// </summary>
internal static class FailoverCommand
{
    private const int DownMs = 2_000;

    public static int Run(string[] arguments)
    {
        var seconds = Number(arguments, "--seconds", 120);
        var every = Number(arguments, "--every", 8);
        var isKafka = Array.IndexOf(arguments, "--kafka") >= 0;
        return Run(isKafka, seconds, every, Console.Out.WriteLine) is { } wrong ? Complain(wrong) : 0;
    }

    /// <summary>What was wrong, or null.</summary>
    public static string? Run(bool isKafka, int seconds, int every, Action<string> tell)
    {
        ConfluentLibrary.Load();
        var began = Stopwatch.StartNew();
        using var cluster = new ProcessCluster(isKafka);
        var name = isKafka ? "Kafka" : "Deterministic";
        tell(FormattableString.Invariant($"{name}: three nodes serve after {began.Elapsed.TotalSeconds:F1} s"));
        using var load = new FailoverLoad(cluster.Bootstrap);
        var waited = new List<double>();
        var run = Stopwatch.StartNew();
        Thread.Sleep(TimeSpan.FromSeconds(3));
        for (var strike = 0; run.Elapsed.TotalSeconds < seconds; strike++)
        {
            var round = Stopwatch.StartNew();
            var victim = load.LeaderOf(strike % FailoverLoad.Partitions);
            if (victim >= 1)
            {
                var led = load.LedBy(victim);
                cluster.Kill(victim);
                var moment = Stopwatch.GetTimestamp();
                waited.Add(Await(load, moment, led));
                tell(FormattableString.Invariant(
                    $"{run.Elapsed.TotalSeconds,6:F1} s: node {victim} killed, {led.Count} partitions away {waited[^1]:F0} ms"));
                Thread.Sleep(DownMs);
                cluster.Start(victim);
            }

            Thread.Sleep(Math.Max(0, (every * 1000) - (int)round.ElapsedMilliseconds));
        }

        load.End();
        waited.Sort();
        tell(FormattableString.Invariant(
            $"{name}: {waited.Count} kills, away {waited[waited.Count / 2]:F0} ms (median), {waited[^1]:F0} ms (worst)"));
        tell(FormattableString.Invariant($"{load.AckedCount} records acknowledged, {load.Failed} failed"));
        var wrong = load.Judge();
        tell(wrong ?? "everything acknowledged is there, once and in order");
        return wrong;
    }

    private static double Await(FailoverLoad load, long moment, List<int> partitions)
    {
        var limit = Stopwatch.StartNew();
        while (limit.Elapsed < TimeSpan.FromSeconds(60))
        {
            if (load.WaitedSince(moment, partitions) is { } waited)
            {
                return waited;
            }

            Thread.Sleep(10);
        }

        return limit.ElapsedMilliseconds;
    }

    private static int Number(string[] arguments, string name, int otherwise)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? int.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }

    private static int Complain(string wrong)
    {
        Console.Error.WriteLine(wrong);
        return 1;
    }
}
