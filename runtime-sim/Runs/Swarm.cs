using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>What a swarm of one scenario came to.</summary>
public sealed class SwarmReport
{
    public required string File { get; init; }

    public int Seeds { get; set; }

    public long SimulatedUs { get; set; }

    public long Inputs { get; set; }

    public long Effects { get; set; }

    public Counters Totals { get; } = new();

    /// <summary>In how many seeds each counter was above zero.</summary>
    public Counters SeedsWith { get; } = new();

    /// <summary>The lowest seed that lost acknowledged records, as its contract allowed; null where none did.</summary>
    public ulong? FirstLoss { get; private set; }

    /// <summary>In how many seeds each probe point was reached.</summary>
    public int[] SeedsReaching { get; } = new int[256];

    /// <summary>Hash of every seed that ran.</summary>
    public SortedDictionary<ulong, ulong> Hashes { get; } = [];

    /// <summary>Failures by seed.</summary>
    public SortedDictionary<ulong, SimulationResult> Failures { get; } = [];

    public void Add(SimulationResult result)
    {
        Seeds++;
        SimulatedUs += result.SimulatedUs;
        Inputs += result.Inputs;
        Effects += result.Effects;
        Hashes[result.Seed] = result.Hash;
        Totals.Add(result.Counters);
        foreach (var (name, value) in result.Counters.Values)
        {
            SeedsWith.Add(name, value > 0 ? 1 : 0);
        }

        if (result.Counters["allowed-losses"] > 0)
        {
            // Seeds end in any order where several run at once.
            FirstLoss = Math.Min(FirstLoss ?? ulong.MaxValue, result.Seed);
        }

        for (var i = 0; i < SeedsReaching.Length; i++)
        {
            SeedsReaching[i] += result.Probes[i] > 0 ? 1 : 0;
        }

        if (result.Failure is not null)
        {
            Failures.Add(result.Seed, result);
        }
    }

    /// <summary>Null, or what the scenario expected and no seed showed.</summary>
    public string? Unmet(Scenario scenario)
    {
        foreach (var expectation in scenario.Expectations)
        {
            if (expectation.Loss && Totals["allowed-losses"] == 0)
            {
                return "expected acknowledged records to be lost, and none was";
            }

            if (expectation.NoLoss && Totals["allowed-losses"] > 0)
            {
                return FormattableString.Invariant(
                    $"expected nothing to be lost, and {Totals["allowed-losses"]} acknowledged records were");
            }

            foreach (var (counter, atLeast) in expectation.Counters)
            {
                if (Seeds > 0 && Totals[counter] < atLeast * Seeds)
                {
                    return FormattableString.Invariant(
                        $"expected at least {atLeast} {counter} per seed, saw {Totals[counter]} in {Seeds} seeds");
                }
            }
        }

        return null;
    }
}

/// <summary>Runs many seeds of one scenario, one world per thread: worlds share nothing.</summary>
public static class Swarm
{
    /// <param name="file">The scenario's file.</param>
    /// <param name="seeds">First and last seed.</param>
    /// <param name="jobs">Threads.</param>
    /// <param name="mayGoOn">Asked before each seed; false ends the swarm early.</param>
    public static SwarmReport Run(
        string file, (ulong First, ulong Last) seeds, int jobs, Func<SwarmReport, bool> mayGoOn)
    {
        var report = new SwarmReport { File = file };
        var next = (long)seeds.First - 1;
        var gate = new Lock();
        Parallel.For(0, jobs, new ParallelOptions { MaxDegreeOfParallelism = jobs }, _ =>
        {
            var scenario = Scenario.Load(file);
            while (true)
            {
                lock (gate)
                {
                    if (!mayGoOn(report))
                    {
                        return;
                    }
                }

                var seed = Interlocked.Increment(ref next);
                if (seed > (long)seeds.Last)
                {
                    return;
                }

                var result = new Simulation(scenario, (ulong)seed).Run();
                lock (gate)
                {
                    report.Add(result);
                }
            }
        });
        return report;
    }
}
