using Deterministic.Tests.Clients;
using Xunit;
using Xunit.Abstractions;

namespace Deterministic.Tests.Processes.Strikes;

/// <summary>
/// The short form of the `strike` command: leaders that stand still, are cut off, or lose their disks' unflushed bytes together
/// with everybody else, and nothing acknowledged is lost, doubled or moved.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class StrikeTests(ITestOutputHelper output)
{
    [StrikeFact("pause")]
    public void A_leader_that_stood_still_for_longer_than_its_session_takes_nothing_back() => Check("pause", 1);

    [StrikeFact("isolate")]
    public void A_leader_cut_off_from_everybody_takes_nothing_back() => Check("isolate", 1);

    [StrikeFact("cut-off")]
    public void A_leader_that_only_clients_can_reach_acknowledges_nothing_alone() => Check("cut-off", 1);

    [StrikeFact("power-cut")]
    public void The_power_fails_for_all_three_at_once_and_nothing_acknowledged_is_lost() => Check("power-cut", 2);

    private void Check(string name, int rounds)
    {
        var result = StrikeRun.Run(name, rounds, mode: null, output.WriteLine);
        Assert.True(result.Wrong is null, result.ToString());
        Assert.True(result.Failed == 0 && result.Acknowledged > 1_000 && result.Away.Count == rounds, result.ToString());
    }
}

/// <summary>Skipped, with the reason, where the strike cannot be done.</summary>
public sealed class StrikeFactAttribute : FactAttribute
{
    public StrikeFactAttribute(string name) => Skip = Strike.WhyNot(name);
}
