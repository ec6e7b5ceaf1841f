using System.Collections.Generic;
using System.Linq;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Clients;

/// <summary>How a consumer finds where what it read and the log of a new leader part (KIP-320).</summary>
public sealed class PositionValidationTests
{
    private const string Topic = "orders";
    private readonly Uuid _topic = new(1, 1);
    private readonly Cluster _cluster = new(new ClientOptions(), new ClientEffects());
    private readonly List<ConsumedRecord> _records = [];
    private readonly ConsumerPosition _position = new(Topic, 0) { Offset = 0 };
    private readonly PositionValidation _validation;

    public PositionValidationTests()
    {
        _validation = new PositionValidation(_cluster, _records);
        Lead(_topic, epoch: 3);
    }

    [Fact]
    public void Who_has_read_nothing_has_nothing_to_ask()
    {
        Assert.False(_validation.IsDue(_position));
        Lead(_topic, epoch: 4);
        Assert.False(_validation.IsDue(_position));
    }

    [Fact]
    public void A_leader_of_another_epoch_is_asked_and_once_is_enough()
    {
        Assert.False(_validation.IsDue(_position));
        Read((3, 0));
        Assert.False(_validation.IsDue(_position));
        Lead(_topic, epoch: 4);
        Assert.True(_validation.IsDue(_position));
        var asked = PositionValidation.Request([_position]).Topics[0].Partitions[0];
        Assert.Equal((4, 3), (asked.CurrentLeaderEpoch, asked.LeaderEpoch));
        _validation.Take(_position, 3, 10);
        Assert.False(_validation.IsDue(_position));
        Assert.Empty(_validation.Truncations);
    }

    [Fact]
    public void Where_the_leaders_epoch_ends_before_the_position_it_goes_back_there()
    {
        Read((3, 0));
        Assert.Equal([6], Answers((3, 6), (3, 6)));
        Assert.Equal(new LogTruncation(Topic, 0, 10, 3, 6, 3), _validation.Truncations.Single());
        Assert.False(_validation.IsDue(_position));
        Assert.Equal(3, _position.LastEpoch);
    }

    /// <summary>Kafka's consumer compares 20 with its position, which is 10, and reads on.</summary>
    [Fact]
    public void A_leader_that_never_had_the_last_epoch_has_nothing_of_it_however_far_it_reaches()
    {
        Read((3, 0), (5, 4));
        Assert.Equal([4], Answers((3, 20), (3, 20)));
        Assert.Equal(3, _position.LastEpoch);
    }

    [Fact]
    public void Epoch_by_epoch_the_logs_are_compared_until_they_agree()
    {
        Read((1, 0), (3, 4), (6, 7));
        Assert.Equal([7, 4, 2], Answers((4, 30), (2, 8), (1, 2), (1, 2)));
        Assert.Equal((1, 3), (_position.LastEpoch, _validation.Truncations.Count));
    }

    [Fact]
    public void Of_a_committed_position_the_last_record_alone_is_known()
    {
        var consumer = new ConsumerMachine(new ConsumerOptions(), new ClientEffects());
        consumer.Assign(Topic, 0, 10, 5);
        consumer.Assign(Topic, 1, 10);
        Assert.Equal([5, -1], consumer.Positions.Select(position => position.LastEpoch));
        Assert.Equal(9, consumer.Positions[0].Trail.Cut(3, 20, 10));
        Assert.Equal(-1, consumer.Positions[0].LastEpoch);
    }

    [Fact]
    public void A_leader_that_knows_no_such_epoch_leaves_nothing_to_go_by()
    {
        Read((3, 0));
        Lead(_topic, epoch: 5);
        Assert.True(_validation.IsDue(_position));
        _validation.Take(_position, -1, -1);
        Assert.Equal((-1, -1), (_position.Offset, _validation.Truncations.Single().DivergingOffset));
        Assert.False(_validation.IsDue(_position));
    }

    [Fact]
    public void Records_that_nobody_has_taken_and_that_are_gone_are_taken_back()
    {
        Read((3, 0));
        _records.AddRange(from partition in new[] { 0, 1 }
                          from offset in new[] { 5, 6, 7 }
                          select new ConsumedRecord(Topic, partition, offset, 0, 3, null, null));
        Answers((3, 6), (3, 6));
        Assert.Equal([(0, 5), (1, 5), (1, 6), (1, 7)], _records.Select(record => (record.Partition, (int)record.Offset)));
    }

    [Fact]
    public void A_topic_created_anew_has_nothing_to_do_with_what_was_read_of_the_old_one()
    {
        Read((3, 0));
        Assert.False(_validation.IsDue(new ConsumerPosition("unknown", 0)));
        Lead(new Uuid(2, 2), epoch: 0);
        Assert.False(_validation.IsDue(_position));
        Assert.Equal(-1, _position.LastEpoch);
    }

    [Fact]
    public void Of_very_many_epochs_the_last_are_remembered()
    {
        var trail = new EpochTrail();
        for (var epoch = 0; epoch < 100; epoch++)
        {
            trail.Add(epoch, epoch);
        }

        Assert.Equal(100 - EpochTrail.MaxEpochs, trail.Cut(5, 1_000, 100));
        Assert.Equal(-1, trail.Last);
    }

    /// <summary>Positions after each of the leader's answers but the last, to which nothing is left to ask.</summary>
    private List<long> Answers(params (int Epoch, long End)[] answers)
    {
        Lead(_topic, epoch: 9);
        var positions = new List<long>();
        foreach (var (epoch, end) in answers)
        {
            Assert.True(_validation.IsDue(_position));
            _validation.Take(_position, epoch, end);
            positions.Add(_position.Offset);
        }

        Assert.Equal(positions[^2], positions[^1]);
        positions.RemoveAt(positions.Count - 1);
        return positions;
    }

    /// <summary>Ten records, in epochs that begin at these offsets.</summary>
    private void Read(params (int Epoch, long Start)[] epochs)
    {
        Assert.False(_validation.IsDue(_position));
        foreach (var (epoch, start) in epochs)
        {
            _position.Trail.Add(epoch, start);
        }

        _position.Offset = 10;
    }

    private void Lead(Uuid id, int epoch)
    {
        var topic = new MetadataResponse.MetadataResponseTopic { Name = Topic, TopicId = id };
        topic.Partitions.Add(new MetadataResponse.MetadataResponsePartition { LeaderId = 1, LeaderEpoch = epoch });
        var response = new MetadataResponse();
        response.Topics.Add(topic);
        _cluster.Answered(response, 12, 0);
    }
}
