using System.Collections.Generic;
using Deterministic.Broker.Log;
using Deterministic.Broker.Membership;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Peers;
using Deterministic.Broker.Raft;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Models.Log;
using Xunit;

namespace Deterministic.Tests.Models.Replication;

/// <summary>
/// A leader that is alone in its ISR asks for a second member. Whatever it is answered, nothing is committed without whoever may
/// be in the ISR by then: the answer may be that of a repetition, and the first request carried out.
/// </summary>
public sealed class IsrAnswerTests
{
    private const long FollowerEpoch = 12;
    private static readonly Uuid Topic = new(7, 9);

    private readonly LogWorld _world = new(1);
    private readonly SilentController _controller = new();
    private readonly Partition _partition;

    public IsrAnswerTests()
    {
        var image = new MetadataImage(new Uuid(1, 1));
        var follower = new RegisterBrokerRecord { BrokerId = 2, BrokerEpoch = FollowerEpoch, Fenced = false };
        Assert.True(image.Replay(MetadataRecord.Of(follower), FollowerEpoch));
        var context = new ReplicationContext(1, _world.Clock, image);
        context.IsrChanges = new IsrChanges(_controller, _world.Timers, _world.Clock, context, () => FollowerEpoch - 1);
        _partition = new Partition(context, "topic", Topic, 0);
        _partition.Opened(_world.Create(), Offset.Zero);
        _partition.Follow(Registration(partitionEpoch: 5, 1));
        Append();
        Assert.Equal(new Offset(1), _partition.HighWatermark);

        FollowerFetches(1);
        _world.Pass(Duration.FromMilliseconds(1));
        Assert.Equal([1, 2], Members(Assert.Single(_controller.Asked)));
    }

    [Theory]
    [InlineData(ErrorCode.NotController)]
    [InlineData(ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.InvalidUpdateVersion)]
    [InlineData(ErrorCode.InvalidRequest)]
    [InlineData(ErrorCode.UnknownTopicId)]
    [InlineData(ErrorCode.FencedLeaderEpoch)]
    [InlineData(ErrorCode.NewLeaderElected)]
    public void Who_may_have_come_in_counts_until_the_metadata_tell(ErrorCode error)
    {
        Answer(error);
        Append();
        Assert.Equal(new Offset(1), _partition.HighWatermark);

        _partition.Follow(Registration(partitionEpoch: 6, 1, 2));
        Assert.Equal(new Offset(1), _partition.HighWatermark);
        FollowerFetches(2);
        Assert.Equal(new Offset(2), _partition.HighWatermark);
    }

    [Fact]
    public void The_metadata_may_as_well_tell_that_nobody_came_in()
    {
        Answer(ErrorCode.InvalidUpdateVersion);
        Append();
        _partition.Follow(Registration(partitionEpoch: 6, 1));
        Assert.Equal(new Offset(2), _partition.HighWatermark);
    }

    [Fact]
    public void Whoever_is_not_eligible_will_not_come_in()
    {
        Answer(ErrorCode.IneligibleReplica);
        Append();
        Assert.Equal(new Offset(2), _partition.HighWatermark);
    }

    [Theory]
    [InlineData(ErrorCode.NotController, 2)]
    [InlineData(ErrorCode.UnknownServerError, 2)]
    [InlineData(ErrorCode.InvalidUpdateVersion, 1)]
    public void A_controller_that_does_not_know_is_asked_again_for_the_same(ErrorCode error, int requests)
    {
        Answer(error);
        _world.Pass(Duration.FromSeconds(1));
        Assert.Equal(requests, _controller.Asked.Count);
        Assert.All(_controller.Asked, asked => Assert.Equal([1, 2], Members(asked)));
        Assert.All(_controller.Asked, asked => Assert.Equal(5, asked.Topics[0].Partitions[0].PartitionEpoch));
    }

    [Fact]
    public void An_answer_without_this_partition_is_none()
    {
        _controller.Answer(new AlterPartitionResponse());
        Append();
        Assert.Equal(new Offset(1), _partition.HighWatermark);
        _world.Pass(Duration.FromSeconds(1));
        Assert.Equal(2, _controller.Asked.Count);
    }

    private static PartitionRegistration Registration(int partitionEpoch, params int[] isr) =>
        PartitionRegistration.From(new PartitionRecord
        {
            TopicId = Topic,
            Replicas = [1, 2],
            Isr = [.. isr],
            Leader = 1,
            LeaderEpoch = 3,
            PartitionEpoch = partitionEpoch,
        });

    private static List<int> Members(AlterPartitionRequest asked) =>
        asked.Topics[0].Partitions[0].NewIsrWithEpochs.ConvertAll(member => member.BrokerId);

    private void Append()
    {
        var batch = _world.Batch(1, 10, new BatchOptions(), _world.WallMs);
        Assert.True(_partition.Append(_world.Now, batch, AppendOrigin.Client).IsAppended);
        _world.Settle();
        _partition.LogAdvanced(_world.Log, _world.Now);
    }

    private void FollowerFetches(long from) =>
        Assert.True(_partition.FollowerFetched(2, FollowerEpoch, new Offset(from), Offset.Zero));

    private void Answer(ErrorCode error) => _controller.Answer(new AlterPartitionResponse
    {
        Topics =
        [
            new AlterPartitionResponse.TopicData
            {
                TopicId = Topic,
                Partitions = [new AlterPartitionResponse.PartitionData { PartitionIndex = 0, ErrorCode = (short)error }],
            },
        ],
    });

    /// <summary>Keeps what it is asked, and says only what a test lets it say.</summary>
    private sealed class SilentController : IControllerChannel
    {
        private readonly Queue<IPeerAnswer> _waiting = new();

        public List<AlterPartitionRequest> Asked { get; } = [];

        public void Ask(ApiKey key, IMessage request, Duration timeout, IPeerAnswer answer, long token = 0)
        {
            Asked.Add((AlterPartitionRequest)request);
            _waiting.Enqueue(answer);
        }

        public void Answer(AlterPartitionResponse response) => _waiting.Dequeue().Answered(response, 0);
    }
}
