using System;
using Deterministic.Tests.Clients;
using Xunit;
using Xunit.Abstractions;

namespace Deterministic.Tests.Processes.Failover;

/// <summary>
/// The short form of the `failover` command: leaders die under load, and nothing acknowledged is lost, doubled or moved.
/// </summary>
public sealed class FailoverTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(16);
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    [ClientFact(Needs.Librdkafka)]
    public void Leaders_killed_as_processes_lose_nothing_that_was_acknowledged() =>
        Check(() => new ProcessCluster(isKafka: false));

    [ClientFact(Needs.Librdkafka)]
    public void Leaders_killed_within_one_process_lose_nothing_that_was_acknowledged() =>
        Check(() => new OneProcessCluster(TimeSpan.FromMinutes(5)));

    private void Check(Func<IKillableCluster> open)
    {
        var result = FailoverRun.Run("test", open, Length, Every, output.WriteLine);
        Assert.True(result.Wrong is null, result.ToString());
        Assert.True(result.Failed == 0 && result.Acknowledged > 0 && result.Away.Count > 1, result.ToString());
    }
}
