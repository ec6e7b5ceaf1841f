using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>How long, in virtual time, a partition moves where one end of its replication is throttled, or both.</summary>
public sealed class ThrottledMoveTests
{
    private const string Topic = "heavy";
    private const int Batches = 32;
    private const int BatchBytes = 60_000;
    private const int BytesPerSecond = 200_000;
    private const int Least = (Batches * BatchBytes / BytesPerSecond) - 1;
    private readonly SmallCluster _cluster = new(
        """
        cluster nodes=2
        broker  replica.fetch.max.bytes=65536 replica.fetch.response.max.bytes=65536 offsets.topic.num.partitions=1
        run     for=1s seeds=1..1
        """);

    [Theory]
    [InlineData(true, true, "0:1,0:2", Least, Least + 3)]
    [InlineData(true, false, "0:1,0:2", Least, Least + 3)]
    [InlineData(false, true, "0:1,0:2", Least, Least + 3)]
    [InlineData(false, false, "0:1,0:2", 0, 2)]
    [InlineData(true, true, "1:1,1:2", 0, 2)]
    public void A_replica_is_filled_at_the_rate_of_its_throttled_end_and_in_sync_it_is_not_throttled(
        bool atLeader, bool atFollower, string replicas, int least, int most)
    {
        _cluster.Create(Topic, 1);
        Produce();
        Throttle(atLeader, atFollower, replicas);

        Assert.InRange(_cluster.Time(AddReplica).TotalSeconds, least, most);
        Assert.InRange(_cluster.Time(Produce).TotalSeconds, 0, 3);
    }

    private void Produce() => _cluster.Produce(Topic, Batches, BatchBytes);

    /// <summary>A broker's configuration is changed where it is.</summary>
    private void Throttle(bool atLeader, bool atFollower, string replicas)
    {
        var topic = Resource(2, Topic);
        var first = Resource(4, "1");
        var second = Resource(4, "2");
        foreach (var (isOn, end) in new[] { (atLeader, "leader"), (atFollower, "follower") })
        {
            Set(first, $"{end}.replication.throttled.rate", $"{BytesPerSecond}");
            Set(second, $"{end}.replication.throttled.rate", $"{BytesPerSecond}");
            Set(topic, $"{end}.replication.throttled.replicas", isOn ? replicas : "");
        }

        Alter(1, topic, first);
        Alter(2, second);
    }

    private void Alter(int broker, params IncrementalAlterConfigsRequest.AlterConfigsResource[] resources) => _cluster.Do(
        broker,
        ApiKey.IncrementalAlterConfigs,
        new IncrementalAlterConfigsRequest { Resources = [.. resources] },
        answer => ((IncrementalAlterConfigsResponse)answer).Responses.TrueForAll(response => response.ErrorCode == 0));

    private static IncrementalAlterConfigsRequest.AlterConfigsResource Resource(sbyte type, string name) =>
        new() { ResourceType = type, ResourceName = name };

    private static void Set(IncrementalAlterConfigsRequest.AlterConfigsResource resource, string name, string value) =>
        resource.Configs.Add(new IncrementalAlterConfigsRequest.AlterableConfig { Name = name, Value = value });

    private void AddReplica()
    {
        var topic = new AlterPartitionReassignmentsRequest.ReassignableTopic { Name = Topic };
        topic.Partitions.Add(new AlterPartitionReassignmentsRequest.ReassignablePartition { Replicas = [1, 2] });
        _cluster.Do(
            1,
            ApiKey.AlterPartitionReassignments,
            new AlterPartitionReassignmentsRequest { TimeoutMs = 30_000, Topics = [topic] },
            answer => ((AlterPartitionReassignmentsResponse)answer).Responses is [{ Partitions: [{ ErrorCode: 0 }] }]);
        _cluster.Do(
            1,
            ApiKey.ListPartitionReassignments,
            new ListPartitionReassignmentsRequest { TimeoutMs = 30_000, Topics = null },
            answer => answer is ListPartitionReassignmentsResponse { ErrorCode: 0, Topics.Count: 0 });
    }
}
