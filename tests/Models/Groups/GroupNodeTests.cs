using Deterministic.Broker;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Models.Nodes;
using Xunit;

namespace Deterministic.Tests.Models.Groups;

/// <summary>
/// Groups on a whole node: the topic that comes into being by being asked for, and what survives the power failing.
/// </summary>
public sealed class GroupNodeTests
{
    private readonly NodeDriver _driver;
    private ConnectionId _connection;

    public GroupNodeTests()
    {
        var options = new NodeOptions { ClusterId = new Uuid(0x1234, 0x8000_0000_0000_5678) };
        options.Properties["group.initial.rebalance.delay.ms"] = "0";
        options.Properties["offsets.topic.num.partitions"] = "5";
        _driver = new NodeDriver(options);
        _connection = _driver.Connect();
    }

    [Fact]
    public void The_first_question_creates_the_offsets_topic_and_the_next_is_answered()
    {
        Assert.Equal(ErrorCode.NotCoordinator, Heartbeat("nobody", 1));
        HaveOffsetsTopic();
        Assert.Equal(ErrorCode.None, FindCoordinator());
        Assert.Equal(ErrorCode.UnknownMemberId, Heartbeat("nobody", 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_group_and_its_offsets_are_there_after_a_crash(bool losePower)
    {
        CreateTopic("t");
        HaveOffsetsTopic();
        var member = JoinAndSync(out var generation);
        Assert.Equal(ErrorCode.None, Commit(member, generation, 42));

        _driver.CrashAndStart(losePower);
        Reconnect();

        Assert.Equal(42, Fetch());
        Assert.Equal(ErrorCode.None, Heartbeat(member, generation));
        Assert.Equal(ErrorCode.None, Commit(member, generation, 43));
        Assert.Equal(43, Fetch());
    }

    [Fact]
    public void A_group_and_its_offsets_are_there_after_a_stop_in_good_order()
    {
        CreateTopic("t");
        HaveOffsetsTopic();
        var member = JoinAndSync(out var generation);
        Assert.Equal(ErrorCode.None, Commit(member, generation, 42));

        _driver.StopAndStart();
        Reconnect();

        Assert.Equal(42, Fetch());
        Assert.Equal(ErrorCode.None, Heartbeat(member, generation));
    }

    [Fact]
    public void Offsets_of_a_deleted_topic_go_with_it()
    {
        CreateTopic("t");
        HaveOffsetsTopic();
        Assert.Equal(ErrorCode.None, Commit("", -1, 42));
        Assert.Equal(42, Fetch());
        var request = new DeleteTopicsRequest { TimeoutMs = 1000 };
        request.TopicNames.Add("t");
        _driver.Ask<DeleteTopicsResponse>(_connection, ApiKey.DeleteTopics, 5, request);
        Assert.Equal(-1, Fetch());
    }

    private void HaveOffsetsTopic()
    {
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, FindCoordinator());
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, FindCoordinator());
        var topics = _driver.Node.Broker.Metadata.Topics;
        _driver.RunUntil(() => topics.Find(InternalTopics.ConsumerOffsets) is not null);
        Assert.Equal(5, topics.Find(InternalTopics.ConsumerOffsets)!.Partitions.Count);
    }

    private void Reconnect()
    {
        _connection = _driver.Connect();
        _driver.RunUntil(() => _driver.Node.Broker.Groups.Find("g", out _) == ErrorCode.None);
    }

    private ErrorCode FindCoordinator()
    {
        var request = new FindCoordinatorRequest();
        request.CoordinatorKeys.Add("g");
        var response = _driver.Ask<FindCoordinatorResponse>(_connection, ApiKey.FindCoordinator, 4, request);
        return (ErrorCode)response.Coordinators[0].ErrorCode;
    }

    private void CreateTopic(string name)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 1000 };
        request.Topics.Add(new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = 1,
            ReplicationFactor = 1,
        });
        var response = _driver.Ask<CreateTopicsResponse>(_connection, ApiKey.CreateTopics, 7, request);
        Assert.Equal((short)ErrorCode.None, response.Topics[0].ErrorCode);
    }

    private string JoinAndSync(out int generation)
    {
        var request = new JoinGroupRequest
        {
            GroupId = "g",
            SessionTimeoutMs = 10_000,
            RebalanceTimeoutMs = 10_000,
            ProtocolType = "consumer",
        };
        request.Protocols.Add(new JoinGroupRequest.JoinGroupRequestProtocol { Name = "range" });
        var first = _driver.Ask<JoinGroupResponse>(_connection, ApiKey.JoinGroup, 9, request);
        Assert.Equal(ErrorCode.MemberIdRequired, (ErrorCode)first.ErrorCode);
        request.MemberId = first.MemberId;
        var joined = _driver.Ask<JoinGroupResponse>(_connection, ApiKey.JoinGroup, 9, request);
        Assert.Equal(ErrorCode.None, (ErrorCode)joined.ErrorCode);
        generation = joined.GenerationId;
        var sync = new SyncGroupRequest
        {
            GroupId = "g",
            MemberId = joined.MemberId,
            GenerationId = generation,
            ProtocolType = "consumer",
            ProtocolName = "range",
        };
        sync.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
        {
            MemberId = joined.MemberId,
            Assignment = new byte[] { 1, 2, 3 },
        });
        var synced = _driver.Ask<SyncGroupResponse>(_connection, ApiKey.SyncGroup, 5, sync);
        Assert.Equal(ErrorCode.None, (ErrorCode)synced.ErrorCode);
        Assert.Equal([1, 2, 3], synced.Assignment.ToArray());
        return joined.MemberId;
    }

    private ErrorCode Heartbeat(string memberId, int generation)
    {
        var request = new HeartbeatRequest { GroupId = "g", MemberId = memberId, GenerationId = generation };
        return (ErrorCode)_driver.Ask<HeartbeatResponse>(_connection, ApiKey.Heartbeat, 4, request).ErrorCode;
    }

    private ErrorCode Commit(string memberId, int generation, long offset)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = "g",
            MemberId = memberId,
            GenerationIdOrMemberEpoch = generation,
        };
        var topic = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "t" };
        topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition { CommittedOffset = offset });
        request.Topics.Add(topic);
        var response = _driver.Ask<OffsetCommitResponse>(_connection, ApiKey.OffsetCommit, 8, request);
        return (ErrorCode)response.Topics[0].Partitions[0].ErrorCode;
    }

    private long Fetch()
    {
        var request = new OffsetFetchRequest();
        var group = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = [] };
        var topic = new OffsetFetchRequest.OffsetFetchRequestTopics { Name = "t" };
        topic.PartitionIndexes.Add(0);
        group.Topics.Add(topic);
        request.Groups.Add(group);
        var response = _driver.Ask<OffsetFetchResponse>(_connection, ApiKey.OffsetFetch, 8, request);
        Assert.Equal((short)ErrorCode.None, response.Groups[0].ErrorCode);
        return response.Groups[0].Topics[0].Partitions[0].CommittedOffset;
    }
}
