using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>Requests that append, read, find and delete records, and that give producers their ids.</summary>
public static class RecordRequests
{
    public static Gen<Step> Produce { get; } =
        from version in Values.VersionOf(ApiKey.Produce)
        from acks in Gen.Frequency((6, Gen.Constant((short)-1)), (3, Gen.Constant((short)1)),
            (1, Gen.Elements<short>(0, 2, -2)))
        from topic in Values.Topic
        from partition in Values.Partition
        from batch in Batch.Any
        from second in Values.OneIn(8)
        select new Step(ApiKey.Produce, version, scene => new ProduceRequest
        {
            Acks = acks,
            TimeoutMs = 5000,
            TopicData =
            [
                new()
                {
                    Name = scene.Topic(topic),
                    TopicId = scene.TopicId(topic),
                    PartitionData = second
                        ? [PartOf(partition, batch, scene), PartOf(1, batch, scene)]
                        : [PartOf(partition, batch, scene)],
                },
            ],
        })
        {
            IsAnswered = acks != 0,
            Note = batch.ToString(),
        };

    public static Gen<Step> Fetch { get; } =
        from version in Values.VersionOf(ApiKey.Fetch)
        from partitions in Values.ListOf(Fetched(), 1, 3)
        from maxBytes in Gen.Elements(int.MaxValue, 1 << 20, 1 << 20, 100, 1, 0)
        from isolation in Gen.Elements<sbyte>(0, 0, 1)
        from minBytes in Gen.Elements(1, 1, 0, 100)
        from session in Gen.Frequency((5, Gen.Constant("none")), (3, Gen.Elements("new", "next")),
            (1, Gen.Elements("stale", "unknown", "close")))
        select new Step(ApiKey.Fetch, version, scene =>
        {
            var (id, epoch) = SessionOf(session, scene);
            return new FetchRequest
            {
                MaxWaitMs = 20,
                MinBytes = minBytes,
                MaxBytes = maxBytes,
                IsolationLevel = isolation,
                SessionId = id,
                SessionEpoch = epoch,
                Topics = [.. partitions.GroupBy(part => part.Topic).Select(same => new FetchRequest.FetchTopic
                {
                    Topic = scene.Topic(same.Key),
                    TopicId = scene.TopicId(same.Key),
                    Partitions = [.. same.Select(part => part.Partition)],
                })],
            };
        });

    public static Gen<Step> ListOffsets { get; } =
        from version in Values.VersionOf(ApiKey.ListOffsets)
        from topic in Values.Topic
        from partition in Values.Partition
        from time in Gen.Elements(-1L, -2, -3, -4, -5, -6, -7, 0, Values.SomeTime, Values.SomeTime + 1, long.MaxValue)
        from epoch in Values.LeaderEpoch
        from isolation in Gen.Elements<sbyte>(0, 1)
        from twice in Values.OneIn(10)
        select new Step(ApiKey.ListOffsets, version, scene => new ListOffsetsRequest
        {
            ReplicaId = -1,
            IsolationLevel = isolation,
            TimeoutMs = 2000,
            Topics = [new() { Name = scene.Topic(topic), Partitions = Offsets(partition, time, epoch, twice) }],
        });

    public static Gen<Step> OffsetForLeaderEpoch { get; } =
        from version in Values.VersionOf(ApiKey.OffsetForLeaderEpoch)
        from topic in Values.Topic
        from partition in Values.Partition
        from current in Values.LeaderEpoch
        from asked in Values.LeaderEpoch
        from replica in Gen.Elements(-1, -1, -2, 1, 5)
        select new Step(ApiKey.OffsetForLeaderEpoch, version, scene => new OffsetForLeaderEpochRequest
        {
            ReplicaId = replica,
            Topics =
            [
                new()
                {
                    Topic = scene.Topic(topic),
                    Partitions = [new() { Partition = partition, CurrentLeaderEpoch = current, LeaderEpoch = asked }],
                },
            ],
        });

    public static Gen<Step> DeleteRecords { get; } =
        from version in Values.VersionOf(ApiKey.DeleteRecords)
        from topic in Values.Topic
        from partition in Values.Partition
        from offset in Gen.Elements(0L, 1, 2, -1, -2, 100)
        select new Step(ApiKey.DeleteRecords, version, scene => new DeleteRecordsRequest
        {
            TimeoutMs = 5000,
            Topics =
            [
                new()
                {
                    Name = scene.Topic(topic),
                    Partitions = [new() { PartitionIndex = partition, Offset = offset }],
                },
            ],
        });

    public static Gen<Step> InitProducerId { get; } =
        from version in Values.VersionOf(ApiKey.InitProducerId)
        from slot in Gen.Choose(0, 1)
        from kind in Gen.Frequency((8, Gen.Constant("new")), (1, Gen.Elements("again", "half", "empty id")))
        select new Step(ApiKey.InitProducerId, version, scene => new InitProducerIdRequest
        {
            TransactionalId = kind == "empty id" ? "" : null,
            TransactionTimeoutMs = 1000,
            ProducerId = kind is "again" ? scene.Producer(slot).Id : kind is "half" ? 5 : -1,
            ProducerEpoch = kind is "again" ? scene.Producer(slot).Epoch : (short)-1,
        })
        {
            Slot = slot,
        };

    private static ProduceRequest.PartitionProduceData PartOf(int partition, Batch batch, Scene scene) =>
        new() { Index = partition, Records = batch.Bytes(scene) };

    private static Gen<(string Topic, FetchRequest.FetchPartition Partition)> Fetched() =>
        from topic in Values.Topic
        from partition in Values.Partition
        from offset in Values.FetchOffset
        from epoch in Values.LeaderEpoch
        from fetchedEpoch in Gen.Frequency((6, Gen.Constant(-1)), (1, Gen.Elements(0, 3)))
        from maxBytes in Gen.Elements(1 << 20, 1 << 20, 200, 80, 1, 0)
        select (topic, new FetchRequest.FetchPartition
        {
            Partition = partition,
            CurrentLeaderEpoch = epoch,
            FetchOffset = offset,
            LastFetchedEpoch = fetchedEpoch,
            PartitionMaxBytes = maxBytes,
        });

    private static (int Id, int Epoch) SessionOf(string session, Scene scene) => session switch
    {
        "new" => (0, 0),
        "next" => scene.Session.Id == 0 ? (0, 0) : scene.Session,
        "stale" => (scene.Session.Id, scene.Session.Epoch + 5),
        "unknown" => (12345, 1),
        "close" => (scene.Session.Id, -1),
        _ => (0, -1),
    };

    private static List<ListOffsetsRequest.ListOffsetsPartition> Offsets(
        int partition, long time, int epoch, bool twice)
    {
        var asked = new ListOffsetsRequest.ListOffsetsPartition
        {
            PartitionIndex = partition,
            CurrentLeaderEpoch = epoch,
            Timestamp = time,
        };
        return twice ? [asked, asked] : [asked];
    }
}
