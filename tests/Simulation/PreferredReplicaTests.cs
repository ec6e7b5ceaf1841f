using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Models.Nodes;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>Where a leader sends a consumer, and what a follower answers it (KIP-392).</summary>
public sealed class PreferredReplicaTests
{
    private const string Topic = "near";
    private const int Leader = 1;
    private const int Follower = 2;
    private const string FollowersRack = "rack-1";
    private const short WithRack = 12;
    private readonly SmallCluster _cluster = new(
        """
        cluster nodes=2 racks=2
        broker  replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector offsets.topic.num.partitions=1
        run     for=1s seeds=1..1
        """);

    public PreferredReplicaTests()
    {
        _cluster.Create(Topic, Leader, Follower);
        _cluster.Produce(Topic, 10, 100);
        _cluster.Wait(Duration.FromSeconds(2));
    }

    [Theory]
    [InlineData("rack-1", WithRack, 2, false)]
    [InlineData("rack-0", WithRack, -1, true)]
    [InlineData("rack-9", WithRack, -1, true)]
    [InlineData("", WithRack, -1, true)]
    [InlineData("rack-1", 10, -1, true)]
    public void A_leader_names_the_replica_in_the_rack_and_gives_no_records(string rack, short version, int preferred, bool gives)
    {
        var answer = Fetch(Leader, 0, rack, version);
        Assert.Equal((0, preferred), (answer.ErrorCode, answer.PreferredReadReplica));
        Assert.Equal(gives, answer.Records is { Length: > 0 });
    }

    [Theory]
    [InlineData(0, WithRack, ErrorCode.None, true)]
    [InlineData(10, WithRack, ErrorCode.None, false)]
    [InlineData(11, WithRack, ErrorCode.OffsetOutOfRange, false)]
    [InlineData(0, 10, ErrorCode.NotLeaderOrFollower, false)]
    public void A_follower_serves_what_it_has_to_consumers_that_know_of_racks(
        long offset, short version, ErrorCode error, bool gives)
    {
        var answer = Fetch(Follower, offset, FollowersRack, version);
        Assert.Equal((error, -1), ((ErrorCode)answer.ErrorCode, answer.PreferredReadReplica));
        Assert.Equal(gives, answer.Records is { Length: > 0 });
    }

    /// <summary>Sent to a follower that says the same, a consumer would go back and forth for ever.</summary>
    [Fact]
    public void Who_asks_for_what_no_replica_has_any_more_hears_so_from_the_leader()
    {
        Delete(4);
        _cluster.Wait(Duration.FromSeconds(2));

        Assert.Equal(ErrorCode.OffsetOutOfRange, (ErrorCode)Fetch(Leader, 3, FollowersRack, WithRack).ErrorCode);
        Assert.Equal(Follower, Fetch(Leader, 4, FollowersRack, WithRack).PreferredReadReplica);
        Assert.Equal(ErrorCode.OffsetOutOfRange, (ErrorCode)Fetch(Leader, 11, FollowersRack, WithRack).ErrorCode);
    }

    private FetchResponse.PartitionData Fetch(int broker, long offset, string rack, short version)
    {
        FetchResponse.PartitionData? given = null;
        var request = NodeDriver.Fetch(Topic, 0, offset);
        request.RackId = rack;
        _cluster.Do(
            broker,
            ApiKey.Fetch,
            request,
            answer =>
            {
                given = ((FetchResponse)answer).Responses[0].Partitions[0];
                return true;
            },
            version);
        return given!;
    }

    private void Delete(long before)
    {
        var topic = new DeleteRecordsRequest.DeleteRecordsTopic { Name = Topic };
        topic.Partitions.Add(new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = 0, Offset = before });
        _cluster.Do(
            Leader,
            ApiKey.DeleteRecords,
            new DeleteRecordsRequest { TimeoutMs = 30_000, Topics = [topic] },
            answer => ((DeleteRecordsResponse)answer).Topics[0].Partitions[0].ErrorCode == 0);
    }
}
