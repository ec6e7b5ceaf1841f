using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes.Failover;

/// <summary>How long partitions were away, in milliseconds and in order, and what was wrong with what was kept.</summary>
internal sealed record FailoverResult(string On, List<double> Away, long Acknowledged, int Failed, string? Wrong)
{
    public double Median => Away[Away.Count / 2];

    public double Worst => Away[^1];

    public override string ToString() => FormattableString.Invariant(
        $"{On,-12} {Away.Count,5} {Median,10:F0} {Worst,9:F0} {Acknowledged,13} {Failed,7}  {Wrong ?? "once and in order"}");
}

/// <summary>Kills the leaders of one cluster, one after the other, under load.</summary>
/// <remarks>Away is from the order to kill to the first acknowledgement of a record that was sent when the node was surely dead,
/// in the slowest partition that it led; what is sent in between may be answered yet. A killed node is started again two seconds
/// after its partitions are back.</remarks>
internal static class FailoverRun
{
    private static readonly TimeSpan Down = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static FailoverResult Run(
        string name, Func<IKillableCluster> open, TimeSpan length, TimeSpan every, Action<string> tell)
    {
        ConfluentLibrary.Load();
        var began = Stopwatch.StartNew();
        using var cluster = open();
        tell(FormattableString.Invariant($"three nodes serve after {began.Elapsed.TotalSeconds:F1} s"));
        using var load = new FailoverLoad(cluster.Bootstrap);
        var away = new List<double>();
        var run = Stopwatch.StartNew();
        Thread.Sleep(TimeSpan.FromSeconds(3));
        for (var strike = 0; run.Elapsed < length; strike++)
        {
            var round = Stopwatch.StartNew();
            var victim = load.LeaderOf(strike % FailoverLoad.Partitions);
            if (victim >= 1)
            {
                var led = load.LedBy(victim);
                var ordered = Stopwatch.StartNew();
                cluster.Kill(victim);
                var dying = ordered.Elapsed;
                away.Add(dying.TotalMilliseconds + Await(load, Stopwatch.GetTimestamp(), led));
                tell(FormattableString.Invariant(
                    $"{run.Elapsed.TotalSeconds,6:F1} s: node {victim} killed, {led.Count} partitions away {away[^1]:F0} ms"));
                Thread.Sleep(Down);
                cluster.Start(victim);
            }

            Thread.Sleep(Max(TimeSpan.Zero, every - round.Elapsed));
        }

        load.End();
        away.Sort();
        return new FailoverResult(name, away, load.AckedCount, load.Failed, load.Judge());
    }

    private static double Await(FailoverLoad load, long moment, List<int> partitions)
    {
        var limit = Stopwatch.StartNew();
        while (limit.Elapsed < Patience)
        {
            if (load.WaitedSince(moment, partitions) is { } waited)
            {
                return waited;
            }

            Thread.Sleep(10);
        }

        return limit.ElapsedMilliseconds;
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
