using System;
using System.Collections.Generic;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// The records of <c>__consumer_offsets</c> that classic groups and offsets are made of, in the versions that Kafka
/// 4.3 writes:
/// OffsetCommit 4 (1 where the client set an expiry of its own), GroupMetadata 3.
/// </summary>
public static class GroupRecords
{
    public const short LegacyOffsetCommitType = 0;
    public const short OffsetCommitType = 1;
    public const short GroupMetadataType = 2;

    private const short OffsetCommitVersion = 4;
    private const short OffsetCommitVersionWithExpiry = 1;
    private const short GroupMetadataVersion = 3;

    /// <summary>Of both values; later ones may only come with new tags.</summary>
    private const short HighestValueVersion = 4;

    /// <summary>
    /// The group as it would be loaded, each member with the assignment that <paramref name="assignment"/> gives.
    /// </summary>
    public static CoordinatorRecord OfGroup(
        ClassicGroup group, Func<ClassicGroupMember, ReadOnlyMemory<byte>> assignment)
    {
        var value = new GroupMetadataValue
        {
            ProtocolType = group.ProtocolType ?? "",
            Generation = group.Generation,
            Protocol = group.ProtocolName,
            Leader = group.Roster.LeaderId,
            CurrentStateTimestamp = group.StateTimestampMs ?? -1,
        };
        foreach (var member in group.Roster.Members)
        {
            value.Members.Add(new GroupMetadataValue.MemberMetadata
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                RebalanceTimeout = member.Settings.RebalanceTimeoutMs,
                SessionTimeout = member.Settings.SessionTimeoutMs,
                Subscription = member.MetadataFor(group.ProtocolName),
                Assignment = assignment(member),
            });
        }

        return new CoordinatorRecord(GroupMetadataType, KeyOf(group.GroupId), GroupMetadataVersion, value);
    }

    public static CoordinatorRecord GroupTombstone(string groupId) =>
        CoordinatorRecord.Tombstone(GroupMetadataType, KeyOf(groupId));

    public static CoordinatorRecord OfOffset(string groupId, string topic, int partition, CommittedOffset committed)
    {
        var value = new OffsetCommitValue
        {
            Offset = committed.Offset,
            Metadata = committed.Metadata,
            CommitTimestamp = committed.CommitTimestampMs,
        };
        if (committed.ExpireTimestampMs is { } expireTimestampMs)
        {
            // This version has no more fields: what cannot be read back must not be in the live state either.
            value.ExpireTimestamp = expireTimestampMs;
            return new CoordinatorRecord(
                OffsetCommitType, KeyOf(groupId, topic, partition), OffsetCommitVersionWithExpiry, value);
        }

        value.LeaderEpoch = committed.LeaderEpoch;
        value.TopicId = committed.TopicId;
        return new CoordinatorRecord(OffsetCommitType, KeyOf(groupId, topic, partition), OffsetCommitVersion, value);
    }

    public static CoordinatorRecord OffsetTombstone(string groupId, string topic, int partition) =>
        CoordinatorRecord.Tombstone(OffsetCommitType, KeyOf(groupId, topic, partition));

    /// <summary>The members a record tells of. They know the one protocol that their generation chose.</summary>
    public static List<ClassicGroupMember> MembersOf(GroupMetadataValue value)
    {
        var members = new List<ClassicGroupMember>(value.Members.Count);
        foreach (var told in value.Members)
        {
            var rebalanceTimeoutMs = told.RebalanceTimeout == -1 ? told.SessionTimeout : told.RebalanceTimeout;
            var protocol = new MemberProtocol(value.Protocol ?? "", told.Subscription);
            members.Add(new ClassicGroupMember(told.MemberId, told.GroupInstanceId, told.ClientId, told.ClientHost)
            {
                Settings = new MemberSettings(rebalanceTimeoutMs, told.SessionTimeout, [protocol]),
                Assignment = told.Assignment,
            });
        }

        return members;
    }

    /// <summary>
    /// Reads a record of these types; null where the type or the value's version is none of them, or the bytes lie.
    /// </summary>
    public static CoordinatorRecord? Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isTombstone)
    {
        if (!CoordinatorRecord.TryReadPrefix(key, out var type))
        {
            return null;
        }

        return type switch
        {
            LegacyOffsetCommitType or OffsetCommitType => Read(
                type, key, new OffsetCommitKey(), value, isTombstone ? null : new OffsetCommitValue()),
            GroupMetadataType => Read(
                type, key, new GroupMetadataKey(), value, isTombstone ? null : new GroupMetadataValue()),
            _ => null,
        };
    }

    private static CoordinatorRecord? Read(
        short type, ReadOnlySpan<byte> key, IMessage keyInto, ReadOnlySpan<byte> value, IMessage? valueInto)
    {
        if (!CoordinatorRecord.TryRead(key, 0, keyInto))
        {
            return null;
        }

        if (valueInto is null)
        {
            return CoordinatorRecord.Tombstone(type, keyInto);
        }

        var isKnown = CoordinatorRecord.TryReadPrefix(value, out var version)
            && version >= 0 && version <= HighestValueVersion
            && CoordinatorRecord.TryRead(value, version, valueInto);
        return isKnown ? new CoordinatorRecord(type, keyInto, version, valueInto) : null;
    }

    private static GroupMetadataKey KeyOf(string groupId) => new() { Group = groupId };

    private static OffsetCommitKey KeyOf(string groupId, string topic, int partition) =>
        new() { Group = groupId, Topic = topic, Partition = partition };
}
