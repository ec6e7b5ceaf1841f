using Deterministic.Tests.Clients;
using Xunit;
using Xunit.Abstractions;

namespace Deterministic.Tests.Processes.Kafka;

/// <summary>The short form of the `mixed` command: Apache Kafka's broker and ours in one cluster.</summary>
[Collection(ClientCollection.Name)]
public sealed class MixedTests(ITestOutputHelper output)
{
    [ClientFact(Needs.Librdkafka | Needs.JavaTools)]
    public void Kafkas_broker_lives_in_our_quorum_follows_leads_and_coordinates() => Check(isQuorumKafka: false, [1, 4]);

    [ClientFact(Needs.Librdkafka | Needs.JavaTools)]
    public void Our_broker_lives_in_Kafkas_quorum_follows_leads_and_coordinates() => Check(isQuorumKafka: true, [4]);

    private void Check(bool isQuorumKafka, int[] victims)
    {
        using var run = new MixedRun(isQuorumKafka, output.WriteLine);
        var result = run.Run("test", victims);
        Assert.True(result.Wrong is null, result.ToString());
        Assert.True(result.Failed == 0 && result.Acknowledged > 1_000, result.ToString());
    }
}
