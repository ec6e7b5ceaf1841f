using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using Deterministic.Protocol.Messages;

namespace Deterministic.Clients;

/// <summary>The fetching half of a consumer: finds where to begin, fetches, takes batches apart.</summary>
/// <remarks>
/// Inputs   Step, Answered, Lost
/// Effects  those of <see cref="Cluster"/>
///
/// One fetch per broker at a time. An answer counts only for positions that were not reassigned meanwhile, which is
/// what the
/// generation is for.
/// </remarks>
internal sealed class FetchConversation : IAnswerTo
{
    /// <summary>Bound: records held for the owner; above it nothing is fetched.</summary>
    private const int MaxHeldRecords = 50_000;

    /// <summary>Bound: truncations that the owner has not taken; the same.</summary>
    private const int MaxHeldTruncations = 1_000;

    /// <summary>Bound: bytes one batch may unpack to.</summary>
    private const int MaxUnpackedBytes = 64 * 1024 * 1024;

    private const short LastVersionWithTopicNames = 12;
    private const long EarliestTimestamp = -2;
    private const long LatestTimestamp = -1;
    private const int NoReplica = -1;

    private readonly ConsumerOptions _options;
    private readonly Cluster _cluster;
    private readonly List<ConsumerPosition> _positions;
    private readonly Codec _codec = new();
    private readonly ScratchBuffer _unpacked = new();
    private readonly Dictionary<long, List<ConsumerPosition>> _asked = [];
    private readonly PositionValidation _validation;
    private long _generation;
    private long _nextToken;
    private Instant _now;

    public FetchConversation(ConsumerOptions options, Cluster cluster, List<ConsumerPosition> positions)
    {
        _options = options;
        _cluster = cluster;
        _positions = positions;
        _validation = new PositionValidation(cluster, Records);
    }

    public List<ConsumedRecord> Records { get; } = [];

    public List<LogTruncation> Truncations => _validation.Truncations;

    /// <summary>Records that came from elsewhere than the leader.</summary>
    public long ReadFromFollowers { get; private set; }

    public Instant NextDeadline { get; private set; } = Instant.Never;

    public void Reset()
    {
        _generation = _nextToken;
        Records.Clear();
        Truncations.Clear();
    }

    public void Step(Instant now)
    {
        _now = now;
        NextDeadline = _positions.Count == 0 ? Instant.Never : now + _options.RetryBackoff;
        if (Records.Count >= MaxHeldRecords || Truncations.Count >= MaxHeldTruncations)
        {
            return;
        }

        var fetches = new List<(Wire Wire, List<ConsumerPosition> Positions)>();
        var validations = new List<(Wire Wire, List<ConsumerPosition> Positions)>();
        foreach (var position in _positions)
        {
            if (!position.IsBusy && now >= position.NotBefore)
            {
                Enlist(position, fetches, validations);
            }
        }

        foreach (var (wire, positions) in validations)
        {
            Validate(wire, positions);
        }

        foreach (var (wire, positions) in fetches)
        {
            Fetch(wire, positions);
        }
    }

    public void Answered(IMessage response, short version, long token)
    {
        _asked.Remove(token, out var positions);
        Release(positions!);
        if (token < _generation)
        {
            return;
        }

        switch (response)
        {
            case ListOffsetsResponse offsets:
                Begin(offsets, positions!);
                break;
            case FetchResponse fetched:
                Take(fetched, positions!);
                break;
            case OffsetForLeaderEpochResponse ends:
                Take(ends, positions!);
                break;
            default:
                break;
        }
    }

    public void Lost(long token)
    {
        _asked.Remove(token, out var positions);
        Release(positions!);
        positions!.ForEach(Forget);
    }

    /// <summary>From the next fetch on the leader says where to read.</summary>
    private static void Forget(ConsumerPosition position) => position.PreferredReplica = NoReplica;

    /// <summary>What the position needs next goes to its leader, but for a fetch that may go elsewhere.</summary>
    private void Enlist(
        ConsumerPosition position,
        List<(Wire Wire, List<ConsumerPosition> Positions)> fetches,
        List<(Wire Wire, List<ConsumerPosition> Positions)> validations)
    {
        var isValidationDue = _validation.IsDue(position);
        if (isValidationDue || position.Offset < 0)
        {
            Forget(position);
        }

        if (WireFor(position, _now) is not { } wire)
        {
            return;
        }

        if (position.Offset < 0)
        {
            AskWhereToBegin(wire, position);
        }
        else
        {
            Group(isValidationDue ? validations : fetches, wire).Add(position);
        }
    }

    /// <summary>The replica that the leader named, for a while; else the leader.</summary>
    private Wire? WireFor(ConsumerPosition position, Instant now)
    {
        if (position.PreferredReplica >= 0 && now >= position.PreferredUntil)
        {
            Forget(position);
        }

        if (position.PreferredReplica < 0)
        {
            return _cluster.Leader(position.Topic, position.Partition, now);
        }

        var wire = _cluster.Broker(position.PreferredReplica, now);
        if (wire is null)
        {
            // Being dialled, or dead and not known to be: the leader is asked again a little later.
            Forget(position);
            position.NotBefore = now + _options.RetryBackoff;
        }

        return wire;
    }

    private static List<ConsumerPosition> Group(List<(Wire Wire, List<ConsumerPosition> Positions)> wires, Wire wire)
    {
        foreach (var (known, positions) in wires)
        {
            if (ReferenceEquals(known, wire))
            {
                return positions;
            }
        }

        var group = new List<ConsumerPosition>();
        wires.Add((wire, group));
        return group;
    }

    private static void Release(List<ConsumerPosition> positions)
    {
        foreach (var position in positions)
        {
            position.IsBusy = false;
        }
    }

    private void AskWhereToBegin(Wire wire, ConsumerPosition position)
    {
        var topic = new ListOffsetsRequest.ListOffsetsTopic { Name = position.Topic };
        topic.Partitions.Add(new ListOffsetsRequest.ListOffsetsPartition
        {
            PartitionIndex = position.Partition,
            CurrentLeaderEpoch = position.AskedIn,
            Timestamp = _options.ResetsToEarliest ? EarliestTimestamp : LatestTimestamp,
        });
        var request = new ListOffsetsRequest { ReplicaId = -1 };
        request.Topics.Add(topic);
        Send(wire, ApiKey.ListOffsets, request, wire.VersionOf(ApiKey.ListOffsets, 9), [position]);
    }

    private void Validate(Wire wire, List<ConsumerPosition> positions)
    {
        var version = wire.VersionOf(ApiKey.OffsetForLeaderEpoch);
        if (version >= 0)
        {
            Send(wire, ApiKey.OffsetForLeaderEpoch, PositionValidation.Request(positions), version, positions);
            return;
        }

        // A broker that old cannot be asked.
        foreach (var position in positions)
        {
            position.ValidIn = position.AskedIn;
        }
    }

    private void Fetch(Wire wire, List<ConsumerPosition> positions)
    {
        var request = new FetchRequest
        {
            MaxWaitMs = _options.MaxWaitMs,
            MinBytes = _options.MinBytes,
            MaxBytes = _options.MaxBytes,
            SessionId = 0,
            SessionEpoch = -1,
            RackId = _options.Rack,
        };
        foreach (var position in positions)
        {
            var topic = new FetchRequest.FetchTopic { Topic = position.Topic };
            topic.Partitions.Add(new FetchRequest.FetchPartition
            {
                Partition = position.Partition,
                CurrentLeaderEpoch = position.AskedIn,
                FetchOffset = position.Offset,
                LastFetchedEpoch = position.LastEpoch,
                PartitionMaxBytes = _options.MaxPartitionBytes,
            });
            request.Topics.Add(topic);
        }

        Send(wire, ApiKey.Fetch, request, wire.VersionOf(ApiKey.Fetch, LastVersionWithTopicNames), positions);
    }

    private void Send(Wire wire, ApiKey key, IMessage request, short version, List<ConsumerPosition> positions)
    {
        foreach (var position in positions)
        {
            position.IsBusy = true;
        }

        var token = _nextToken++;
        _asked.Add(token, positions);
        wire.Send(key, request, version, _now, this, token);
    }

    private void Begin(ListOffsetsResponse response, List<ConsumerPosition> positions)
    {
        var position = positions[0];
        var answer = response.Topics.Count == 1 && response.Topics[0].Partitions.Count == 1
            ? response.Topics[0].Partitions[0]
            : null;
        if (answer is { ErrorCode: 0 })
        {
            position.Offset = answer.Offset;
            return;
        }

        Postpone(position);
    }

    private void Take(FetchResponse response, List<ConsumerPosition> positions)
    {
        foreach (var topic in response.Responses)
        {
            foreach (var answer in topic.Partitions)
            {
                foreach (var position in positions)
                {
                    if (position.Partition == answer.PartitionIndex && position.Topic == topic.Topic)
                    {
                        Take(position, answer);
                    }
                }
            }
        }
    }

    private void Take(OffsetForLeaderEpochResponse response, List<ConsumerPosition> positions)
    {
        foreach (var topic in response.Topics)
        {
            foreach (var answer in topic.Partitions)
            {
                var position = positions.Find(asked => asked.Partition == answer.Partition && asked.Topic == topic.Topic);
                if (position is not null && answer.ErrorCode == 0)
                {
                    _validation.Take(position, answer.LeaderEpoch, answer.EndOffset);
                }
                else if (position is not null)
                {
                    Failed(position, (ErrorCode)answer.ErrorCode);
                }
            }
        }
    }

    private void Take(ConsumerPosition position, FetchResponse.PartitionData answer)
    {
        var wasFollower = position.PreferredReplica >= 0;
        if (answer.ErrorCode != 0)
        {
            Refused(position, (ErrorCode)answer.ErrorCode, wasFollower);
            return;
        }

        if (answer.DivergingEpoch is { EndOffset: >= 0 } diverging)
        {
            Diverged(position, diverging, wasFollower);
            return;
        }

        if (answer.PreferredReadReplica >= 0)
        {
            position.PreferredReplica = answer.PreferredReadReplica;
            position.PreferredUntil = _now + _options.MetadataMaxAge;
            return;
        }

        position.FetchedIn = position.AskedIn;
        position.HighWatermark = answer.HighWatermark;
        var bytes = (answer.Records ?? Protocol.Records.Empty).Bytes.Span;
        while (RecordBatches.TryRead(bytes, out var batch, out _) && batch.IsWhole)
        {
            if (!batch.IsValidCrc || !TryTake(position, batch))
            {
                Postpone(position);
                return;
            }

            if (batch.NextOffset > position.Offset)
            {
                position.Trail.Add(batch.PartitionLeaderEpoch, batch.BaseOffset);
                position.Offset = batch.NextOffset;
            }

            bytes = bytes[batch.SizeInBytes..];
        }
    }

    private bool TryTake(ConsumerPosition position, in RecordBatchView batch)
    {
        if (batch.IsControl || batch.LastOffset < position.Offset)
        {
            return true;
        }

        var payload = batch.Payload;
        if (batch.Compression != CompressionType.None)
        {
            _unpacked.Clear();
            if (_codec.Decompress(batch.Compression, payload, MaxUnpackedBytes, _unpacked) != CompressionError.None)
            {
                return false;
            }

            payload = _unpacked.Written;
        }

        var records = new RecordEnumerator(payload, batch.RecordCount);
        while (records.MoveNext())
        {
            var record = records.Current;
            var offset = batch.OffsetOf(record);
            if (offset >= position.Offset)
            {
                ReadFromFollowers += position.PreferredReplica >= 0 ? 1 : 0;
                Records.Add(new ConsumedRecord(
                    position.Topic,
                    position.Partition,
                    offset,
                    batch.TimestampOf(record),
                    batch.PartitionLeaderEpoch,
                    record.IsKeyNull ? null : record.Key.ToArray(),
                    record.IsValueNull ? null : record.Value.ToArray()));
            }
        }

        return records.Error == BatchError.None;
    }

    private void Refused(ConsumerPosition position, ErrorCode error, bool isFollower)
    {
        Forget(position);
        if (error != ErrorCode.OffsetOutOfRange)
        {
            Failed(position, error);
            return;
        }

        // A follower may be behind, or ahead in what it has deleted: the leader knows. There the position was found in the log
        // before: records were deleted, and auto.offset.reset decides.
        if (!isFollower)
        {
            position.Offset = -1;
            position.Trail.Clear();
        }
    }

    /// <summary>A follower that names where its log parts may just be behind: its leader is asked.</summary>
    private void Diverged(ConsumerPosition position, FetchResponse.EpochEndOffset diverging, bool isFollower)
    {
        if (isFollower)
        {
            Forget(position);
            position.ValidIn = -1;
            return;
        }

        _validation.Take(position, diverging.Epoch, diverging.EndOffset);
    }

    /// <summary>
    /// A broker that has not heard yet of the leader epoch that metadata named is right there and late: only time helps. With any
    /// other error metadata are old, FENCED_LEADER_EPOCH among them.
    /// </summary>
    private void Failed(ConsumerPosition position, ErrorCode error)
    {
        if (error == ErrorCode.UnknownLeaderEpoch)
        {
            position.NotBefore = _now + _options.RetryBackoff;
            return;
        }

        Postpone(position);
    }

    private void Postpone(ConsumerPosition position)
    {
        position.NotBefore = _now + _options.RetryBackoff;
        _cluster.Refresh(_now);
    }
}
