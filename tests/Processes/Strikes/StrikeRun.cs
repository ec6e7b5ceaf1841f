using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Deterministic.Tests.Clients;
using Deterministic.Tests.Processes.Failover;

namespace Deterministic.Tests.Processes.Strikes;

/// <summary>Strikes at the leaders of one cluster, one after the other, under load, and judges what was kept.</summary>
/// <remarks>A round: the leader of a partition is struck; the partitions that it led must acknowledge something that was
/// sent afterwards; the strike is taken back; every replica must be in sync again.</remarks>
internal static class StrikeRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <param name="name">One of the strikes.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="mode">The topic's durability.mode; null for what the broker has.</param>
    /// <param name="tell">Takes a line for each event.</param>
    public static FailoverResult Run(string name, int rounds, string? mode, Action<string> tell)
    {
        ConfluentLibrary.Load();
        using var strike = Strike.Open(name);
        using var load = new FailoverLoad(strike.Cluster.Bootstrap, mode);
        WaitFor("something to be acknowledged", () => load.AckedCount > 1_000);
        var away = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            var partition = round % FailoverLoad.Partitions;
            WaitFor("a leader", () => load.LeaderOf(partition) >= 1);
            var victim = load.LeaderOf(partition);
            var led = load.LedBy(victim);
            var before = load.AckedCount;
            var striking = Stopwatch.StartNew();
            strike.Hit(victim);
            var struck = Stopwatch.GetTimestamp();
            var hit = striking.Elapsed.TotalMilliseconds;
            WaitFor("the rest to go on", () => load.WaitedSince(struck, led) is not null);
            away.Add(hit + load.WaitedSince(struck, led)!.Value);
            strike.Heal(victim);
            WaitFor("all replicas to be in sync", load.IsInSync);
            tell(FormattableString.Invariant(
                $"{name} of node {victim} after {before} acknowledgements: {led.Count} partitions away {away[^1]:F0} ms"));
        }

        load.End();
        away.Sort();
        return new FailoverResult(name, away, load.AckedCount, load.Failed, load.Judge());
    }

    private static void WaitFor(string what, Func<bool> isMet)
    {
        var limit = Stopwatch.StartNew();
        while (!isMet())
        {
            Thread.Sleep(50);
            if (limit.Elapsed > Patience)
            {
                throw new TimeoutException("waited in vain for " + what);
            }
        }
    }
}
