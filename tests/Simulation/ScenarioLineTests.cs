using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Scenarios;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>
/// The scenario grammar: what it reads, and that everything it does not know is an error with file and line.
/// </summary>
public sealed class ScenarioLineTests
{
    [Theory]
    [InlineData("5", 5, 5)]
    [InlineData("2s..6s", 2_000_000, 6_000_000)]
    [InlineData("10ms", 10_000, 10_000)]
    [InlineData("4KiB..1MiB", 4096, 1 << 20)]
    [InlineData("0.5%", 5_000, 5_000)]
    public void Numbers_times_sizes_and_ranges_are_read(string text, long low, long high)
    {
        Assert.True(ValueRange.TryParse(text, out var range));
        Assert.Equal(new ValueRange(low, high), range);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5 apples")]
    [InlineData("6..5")]
    [InlineData("ten")]
    public void Anything_else_is_no_number(string text) => Assert.False(ValueRange.TryParse(text, out _));

    [Theory]
    [InlineData("clsuter nodes=1", "x.scenario:1: no verb is called 'clsuter'")]
    [InlineData("run for=5s\nrun for=6s", "x.scenario:2: 'run' stands twice")]
    [InlineData("# fine\n\nrun fro=5s", "x.scenario:3: 'run' has no option 'fro'")]
    [InlineData("run for=soon", "x.scenario:1: 'for=soon' is no number")]
    [InlineData("run for=1s for=2s", "x.scenario:1: option 'for' is given twice")]
    [InlineData("expect peace", "x.scenario:1: 'expect' does not know 'peace'")]
    [InlineData("expect at-least acked=many", "x.scenario:1: 'acked=many' is no number")]
    public void What_nobody_understands_is_an_error_with_file_and_line(string text, string message)
    {
        var error = Assert.Throws<ScenarioException>(() => Scenario.Parse("x.scenario", text));
        Assert.StartsWith(message, error.Message, System.StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("topic t replicas=two", "x.scenario:2: 'replicas=two' is no number")]
    [InlineData("topic t replicas=1..3\nfault cut-link sideways=1", "x.scenario:3: 'fault' has no option 'sideways'")]
    public void What_only_a_seed_can_read_is_an_error_with_file_and_line_as_well(string text, string message)
    {
        var scenario = Scenario.Parse("x.scenario", "cluster nodes=3\n" + text + "\nworkload produce topic=t");
        var error = Assert.Throws<ScenarioException>(() => new Deterministic.Runtime.Sim.Runs.Simulation(scenario, 1).Run());
        Assert.StartsWith(message, error.Message, System.StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_nobody_took_is_an_error()
    {
        var line = ScenarioLine.Parse("x", 1, "fault kill-node evry=3s")!;
        Assert.Equal("kill-node", line.Word("name"));
        Assert.Equal(7, line.Range("every", 7, 7).Draw(new Prng(1)));
        Assert.Throws<ScenarioException>(line.End);
    }
}
