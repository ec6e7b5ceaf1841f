using System;
using System.Collections.Generic;
using System.IO;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Scenarios;

/// <summary>
/// One scenario file: what is simulated, which faults, what must hold. What it leaves open, each seed draws.
/// </summary>
/// <remarks>
/// Verbs: cluster, broker, topic, network, disk, clock, schedule, workload, fault, budget, core, run, check, expect; topic,
/// workload, fault and expect as often as needed, the others once. The grammar is in scenarios/README.md.
/// </remarks>
public sealed class Scenario
{
    private static readonly string[] Verbs =
    [
        "cluster", "broker", "topic", "network", "disk", "clock", "schedule", "workload", "fault", "run", "check",
        "expect", "budget", "core",
    ];

    private static readonly string[] Repeatable = ["topic", "workload", "fault", "expect"];

    private readonly List<ScenarioLine> _lines = [];

    private Scenario(string file)
    {
        File = file;
        Name = Path.GetFileNameWithoutExtension(file);
    }

    public string File { get; }

    public string Name { get; }

    /// <summary>How long the faults and workloads run, in simulated time.</summary>
    public ValueRange For { get; private set; } = new(20_000_000, 20_000_000);

    /// <summary>How long after healing everything may take to come to rest.</summary>
    public long SettleUs { get; private set; } = 120_000_000;

    /// <summary>Seeds a swarm runs when it is not told which.</summary>
    public (ulong First, ulong Last) Seeds { get; private set; } = (1, 100);

    public List<Expectation> Expectations { get; } = [];

    public static Scenario Load(string file) => Parse(file, System.IO.File.ReadAllText(file));

    public static Scenario Parse(string file, string text)
    {
        var scenario = new Scenario(file);
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (ScenarioLine.Parse(file, number, line.TrimEnd('\r')) is { } parsed)
            {
                scenario.Add(parsed);
            }
        }

        if (scenario.The("run") is { } run)
        {
            scenario.ReadRun(run);
        }

        foreach (var expect in scenario.Each("expect"))
        {
            scenario.Expectations.Add(Expectation.Read(expect));
        }

        return scenario;
    }

    /// <summary>The only line of a verb; null where there is none.</summary>
    public ScenarioLine? The(string verb)
    {
        foreach (var line in _lines)
        {
            if (line.Verb == verb)
            {
                line.Begin();
                return line;
            }
        }

        return null;
    }

    /// <summary>Every line of a verb, in the order of the file.</summary>
    public IEnumerable<ScenarioLine> Each(string verb)
    {
        foreach (var line in _lines)
        {
            if (line.Verb == verb)
            {
                line.Begin();
                yield return line;
            }
        }
    }

    private void Add(ScenarioLine line)
    {
        if (!Array.Exists(Verbs, verb => verb == line.Verb))
        {
            throw line.Error($"no verb is called '{line.Verb}'; there are: {string.Join(", ", Verbs)}");
        }

        if (!Array.Exists(Repeatable, verb => verb == line.Verb) && The(line.Verb) is not null)
        {
            throw line.Error($"'{line.Verb}' stands twice");
        }

        _lines.Add(line);
    }

    private void ReadRun(ScenarioLine run)
    {
        For = run.Range("for", For);
        SettleUs = run.Range("settle", SettleUs, SettleUs).High;
        var seeds = run.Range("seeds", (long)Seeds.First, (long)Seeds.Last);
        Seeds = ((ulong)seeds.Low, (ulong)seeds.High);
        run.End();
        Invariant.Check(For.High > 0);
    }
}
