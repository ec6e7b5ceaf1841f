using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>Committed offsets of the groups of one partition: commit, fetch, delete, expire.</summary>
/// <remarks>
/// Inputs   Commit, Fetch, Delete, TopicDeleted, Expire
/// Effects  records appended; answers when they are committed
///
/// An answer to a fetch waits until what it read is committed. Offsets of a group that is alive never expire, unless
/// the group is Stable and known not to be subscribed to their topic.
/// </remarks>
public sealed class GroupOffsets
{
    /// <summary>
    /// First version that is told GROUP_ID_NOT_FOUND where older clients expect ILLEGAL_GENERATION.
    /// </summary>
    private const short FirstWithGroupIdNotFound = 9;

    private readonly GroupContext _context;
    private readonly GroupMachine _machine;

    public GroupOffsets(GroupContext context, GroupMachine machine)
    {
        _context = context;
        _machine = machine;
    }

    /// <summary>Commits; the topics named are known to exist, by name and by id where there is one.</summary>
    public void Commit(OffsetCommitRequest request, short version, Action<OffsetCommitResponse> answer)
    {
        var error = Validate(request, version);
        if (error != ErrorCode.None)
        {
            answer(AllFail(request, error));
            return;
        }

        var response = new OffsetCommitResponse();
        var records = new List<CoordinatorRecord>();
        foreach (var topic in request.Topics)
        {
            var answers = new OffsetCommitResponse.OffsetCommitResponseTopic
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
            };
            response.Topics.Add(answers);
            foreach (var partition in topic.Partitions)
            {
                answers.Partitions.Add(CommitOne(request, topic, partition, records));
            }
        }

        // A "simple" group: somebody commits without ever joining. It is a group because it has offsets.
        // One of which nothing is stored is known to whoever writes next, and not yet to those who only read: as with Kafka.
        if (_machine.Find(request.GroupId) is null && _machine.CreateUnseen(request.GroupId) is null)
        {
            answer(AllFail(request, ErrorCode.CoordinatorNotAvailable));
            return;
        }

        _machine.Append(records, failure => answer(
            failure == ErrorCode.None ? response : AllFail(request, failure)));
    }

    /// <summary>The answer of a coordinator that cannot commit any of it.</summary>
    public static OffsetCommitResponse AllFail(OffsetCommitRequest request, ErrorCode error)
    {
        var response = new OffsetCommitResponse();
        foreach (var topic in request.Topics)
        {
            var answers = new OffsetCommitResponse.OffsetCommitResponseTopic
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
            };
            response.Topics.Add(answers);
            foreach (var partition in topic.Partitions)
            {
                answers.Partitions.Add(new OffsetCommitResponse.OffsetCommitResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = (short)error,
                });
            }
        }

        return response;
    }

    /// <summary>
    /// Reads a group's offsets: those asked for, or all where no topics are given. What is missing is -1.
    /// </summary>
    public void Fetch(
        OffsetFetchRequest.OffsetFetchRequestGroup request,
        Action<OffsetFetchResponse.OffsetFetchResponseGroup> answer)
    {
        var response = new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = request.GroupId };
        if (request.Topics is { } topics)
        {
            foreach (var topic in topics)
            {
                response.Topics.Add(FetchTopic(request.GroupId, topic));
            }
        }
        else
        {
            FetchAll(request.GroupId, response);
        }

        _machine.WhenCommitted(error => answer(error == ErrorCode.None
            ? response
            : new OffsetFetchResponse.OffsetFetchResponseGroup
            {
                GroupId = request.GroupId,
                ErrorCode = (short)error,
            }));
    }

    /// <summary>Deletes offsets of topics that nobody in the group is subscribed to.</summary>
    public void Delete(OffsetDeleteRequest request, Action<OffsetDeleteResponse> answer)
    {
        var error = ValidateDelete(request.GroupId, out var group);
        if (error != ErrorCode.None)
        {
            answer(new OffsetDeleteResponse { ErrorCode = (short)error });
            return;
        }

        var response = new OffsetDeleteResponse();
        var records = new List<CoordinatorRecord>();
        foreach (var topic in request.Topics)
        {
            var isSubscribed = group!.IsSubscribedTo(topic.Name);
            var answers = new OffsetDeleteResponse.OffsetDeleteResponseTopic { Name = topic.Name };
            response.Topics.Add(answers);
            foreach (var partition in topic.Partitions)
            {
                answers.Partitions.Add(new OffsetDeleteResponse.OffsetDeleteResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = (short)(isSubscribed ? ErrorCode.GroupSubscribedToTopic : ErrorCode.None),
                });
                if (!isSubscribed
                    && _machine.Fold.Find(request.GroupId, topic.Name, partition.PartitionIndex) is not null)
                {
                    records.Add(GroupRecords.OffsetTombstone(
                        request.GroupId, topic.Name, partition.PartitionIndex));
                }
            }
        }

        _machine.Append(records, failure => answer(
            failure == ErrorCode.None ? response : new OffsetDeleteResponse { ErrorCode = (short)failure }));
    }

    /// <summary>A topic is gone, and with it what all groups committed for it.</summary>
    public void TopicDeleted(string topic)
    {
        var records = new List<CoordinatorRecord>();
        foreach (var (groupId, topics) in _machine.Fold.Offsets)
        {
            if (topics.TryGetValue(topic, out var partitions))
            {
                foreach (var (partition, _) in partitions)
                {
                    records.Add(GroupRecords.OffsetTombstone(groupId, topic, partition));
                }
            }
        }

        _machine.Append(records, _ => { });
    }

    /// <summary>Adds a tombstone for every offset of a group.</summary>
    public void TombstoneAll(string groupId, List<CoordinatorRecord> records)
    {
        foreach (var (topic, partitions) in _machine.Fold.OffsetsOf(groupId))
        {
            foreach (var (partition, _) in partitions)
            {
                records.Add(GroupRecords.OffsetTombstone(groupId, topic, partition));
            }
        }
    }

    /// <summary>
    /// Adds tombstones for the offsets whose time is over, and says whether the group has none but those.
    /// </summary>
    public bool Expire(ClassicGroup group, List<CoordinatorRecord> records)
    {
        var hasNoneLeft = true;
        foreach (var (topic, partitions) in _machine.Fold.OffsetsOf(group.GroupId))
        {
            var mayExpire = MayExpire(group) && !group.IsSubscribedTo(topic);
            foreach (var (partition, committed) in partitions)
            {
                if (mayExpire && IsExpired(group, committed))
                {
                    records.Add(GroupRecords.OffsetTombstone(group.GroupId, topic, partition));
                }
                else
                {
                    hasNoneLeft = false;
                }
            }
        }

        return hasNoneLeft;
    }

    private ErrorCode Validate(OffsetCommitRequest request, short version)
    {
        var group = _machine.Find(request.GroupId);
        if (group is null)
        {
            if (request.GenerationIdOrMemberEpoch >= 0)
            {
                return version >= FirstWithGroupIdNotFound
                    ? ErrorCode.GroupIdNotFound
                    : ErrorCode.IllegalGeneration;
            }

            return ErrorCode.None;
        }

        var error = ValidateMember(group, request);
        if (error == ErrorCode.None && group.Roster.Find(request.MemberId) is { } member)
        {
            group.Sessions.Extend(member);
        }

        return error;
    }

    private static ErrorCode ValidateMember(ClassicGroup group, OffsetCommitRequest request)
    {
        var generation = request.GenerationIdOrMemberEpoch;
        if (group.State == ClassicGroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        if (generation < 0 && group.State == ClassicGroupState.Empty)
        {
            return ErrorCode.None;
        }

        if (generation < 0 && request.MemberId.Length == 0 && request.GroupInstanceId is null)
        {
            return ErrorCode.UnknownMemberId;
        }

        var error = group.Roster.Validate(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (generation != group.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        // While members wait for the next assignment nobody knows whose partitions these are; before, they still do.
        return group.State == ClassicGroupState.CompletingRebalance
            ? ErrorCode.RebalanceInProgress
            : ErrorCode.None;
    }

    private OffsetCommitResponse.OffsetCommitResponsePartition CommitOne(
        OffsetCommitRequest request,
        OffsetCommitRequest.OffsetCommitRequestTopic topic,
        OffsetCommitRequest.OffsetCommitRequestPartition partition,
        List<CoordinatorRecord> records)
    {
        var answer = new OffsetCommitResponse.OffsetCommitResponsePartition
        {
            PartitionIndex = partition.PartitionIndex,
        };
        var metadata = partition.CommittedMetadata ?? "";
        if (metadata.Length > _context.Config.OffsetMetadataMaxBytes)
        {
            answer.ErrorCode = (short)ErrorCode.OffsetMetadataTooLarge;
            return answer;
        }

        var committed = new CommittedOffset(partition.CommittedOffset, partition.CommittedLeaderEpoch, metadata)
        {
            CommitTimestampMs = _context.WallMs,
            ExpireTimestampMs = request.RetentionTimeMs == -1 ? null : _context.WallMs + request.RetentionTimeMs,
            TopicId = topic.TopicId,
        };
        records.Add(GroupRecords.OfOffset(request.GroupId, topic.Name, partition.PartitionIndex, committed));
        return answer;
    }

    private OffsetFetchResponse.OffsetFetchResponseTopics FetchTopic(
        string groupId, OffsetFetchRequest.OffsetFetchRequestTopics topic)
    {
        var answers = new OffsetFetchResponse.OffsetFetchResponseTopics { Name = topic.Name, TopicId = topic.TopicId };
        foreach (var partition in topic.PartitionIndexes)
        {
            answers.Partitions.Add(FetchOne(partition, _machine.Fold.Find(groupId, topic.Name, partition)));
        }

        return answers;
    }

    private void FetchAll(string groupId, OffsetFetchResponse.OffsetFetchResponseGroup response)
    {
        foreach (var (topic, partitions) in _machine.Fold.OffsetsOf(groupId))
        {
            var answers = new OffsetFetchResponse.OffsetFetchResponseTopics { Name = topic };
            response.Topics.Add(answers);
            foreach (var (partition, committed) in partitions)
            {
                answers.Partitions.Add(FetchOne(partition, committed));
            }
        }
    }

    private static OffsetFetchResponse.OffsetFetchResponsePartitions FetchOne(
        int partition, CommittedOffset? committed) =>
        new()
        {
            PartitionIndex = partition,
            CommittedOffset = committed?.Offset ?? -1,
            CommittedLeaderEpoch = committed?.LeaderEpoch ?? -1,
            Metadata = committed?.Metadata ?? "",
        };

    private ErrorCode ValidateDelete(string groupId, out ClassicGroup? group)
    {
        group = _machine.Find(groupId);
        if (group is null || group.State == ClassicGroupState.Dead)
        {
            return ErrorCode.GroupIdNotFound;
        }

        return group.State != ClassicGroupState.Empty && !group.UsesConsumerProtocol
            ? ErrorCode.NonEmptyGroup
            : ErrorCode.None;
    }

    /// <summary>
    /// False where members may be working on offsets that nobody can tell from old ones (BUGS.md GRP-05).
    /// </summary>
    private static bool MayExpire(ClassicGroup group) =>
        group.ProtocolType is null
        || group.State == ClassicGroupState.Empty
        || (group.State == ClassicGroupState.Stable && group.KnowsSubscription);

    private bool IsExpired(ClassicGroup group, CommittedOffset committed)
    {
        if (committed.ExpireTimestampMs is { } expireTimestampMs)
        {
            return _context.WallMs >= expireTimestampMs;
        }

        var isEmptied = group.ProtocolType is not null && group.State == ClassicGroupState.Empty;
        var since = isEmptied ? group.StateTimestampMs ?? committed.CommitTimestampMs : committed.CommitTimestampMs;
        return _context.WallMs - since >= _context.Config.OffsetsRetention.Milliseconds;
    }
}
