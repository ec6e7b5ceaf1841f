using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Scenarios;

/// <summary>
/// What a whole swarm of a scenario must have seen, over all its seeds together: <c>expect loss</c> (acknowledged
/// records
/// lost, and allowed to be), <c>expect no-loss</c> (none lost, were it allowed or not),
/// <c>expect at-least acked=100 power-losses=1</c> (per seed on average).
/// </summary>
public sealed record Expectation(bool Loss, bool NoLoss, IReadOnlyList<(string Counter, long AtLeast)> Counters)
{
    public static Expectation Read(ScenarioLine line)
    {
        var what = line.Word("'loss', 'no-loss' or 'at-least'");
        var counters = new List<(string, long)>();
        if (what == "at-least")
        {
            foreach (var (name, value) in line.All(""))
            {
                counters.Add((name, ValueRange.TryParse(value, out var range)
                    ? range.Low
                    : throw line.Error($"'{name}={value}' is no number")));
            }
        }
        else if (what is not ("loss" or "no-loss"))
        {
            throw line.Error($"'expect' does not know '{what}'; it knows 'loss', 'no-loss' and 'at-least'");
        }

        line.End();
        return new Expectation(what == "loss", what == "no-loss", counters);
    }
}
