using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Xunit;

namespace Deterministic.Tests.Models.Replication;

/// <summary>How fast throttled replicas may be filled, and which they are.</summary>
public sealed class ReplicationQuotaTests
{
    private const string Rate = "leader.replication.throttled.rate";

    [Fact]
    public void Without_a_rate_nothing_is_exceeded()
    {
        var quota = Quota([]);
        quota.Record(At(1_000), long.MaxValue / 2);
        Assert.False(quota.IsExceeded(At(1_000)));
    }

    [Fact]
    public void What_was_given_counts_until_its_window_is_over()
    {
        var quota = Quota(new(StringComparer.Ordinal) { [Rate] = "1000" });
        Assert.False(quota.IsExceeded(At(0)));
        quota.Record(At(100), 3_000);
        Assert.True(quota.IsExceeded(At(100)));
        Assert.Equal(3_000, quota.BytesPerSecond(At(500)));

        // Spread over the time since.
        Assert.Equal(1_500, quota.BytesPerSecond(At(2_000)));
        Assert.True(quota.IsExceeded(At(2_000)));
        Assert.False(quota.IsExceeded(At(3_000)));

        // Eleven windows later it is forgotten.
        Assert.Equal(0, quota.BytesPerSecond(At(11_000)));
    }

    [Fact]
    public void Asked_again_and_again_it_lets_through_what_the_rate_says()
    {
        var quota = Quota(new(StringComparer.Ordinal) { [Rate] = "50000" });
        var given = 0L;
        for (var ms = 0; ms < 60_000; ms += 10)
        {
            if (!quota.IsExceeded(At(ms)))
            {
                quota.Record(At(ms), 5_000);
                given += 5_000;
            }
        }

        Assert.InRange(given, 50_000 * 55, 50_000 * 65);
    }

    [Theory]
    [InlineData("*", 7, 1, true)]
    [InlineData("", 0, 1, false)]
    [InlineData("0:1,1:2", 0, 1, true)]
    [InlineData("0:1, 1:2", 1, 2, true)]
    [InlineData("0:1,1:2", 0, 2, false)]
    [InlineData("0:1,1:2", 10, 1, false)]
    public void A_list_names_replicas(string list, int partition, int broker, bool isNamed) =>
        Assert.Equal(isNamed, Throttling.Names(list, partition, broker));

    private static ReplicationQuota Quota(SortedDictionary<string, string> properties)
    {
        var configs = new EffectiveConfigs(properties, 1, new ConfigsImage());
        return new ReplicationQuota(() => configs, Rate, 11, Duration.FromSeconds(1));
    }

    private static Instant At(long ms) => new(ms * 1_000);
}
