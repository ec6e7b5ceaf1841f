using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>Requests of classic groups: membership, committed offsets, and what administrators ask of groups.</summary>
/// <remarks>Rebalances time out after <see cref="RebalanceMs"/>, so that a join or sync that waits for members who
/// never come is answered soon; sessions last longer than any sequence.</remarks>
public static class GroupRequests
{
    private const int RebalanceMs = 250;
    private const int SessionMs = 30_000;

    private static readonly Gen<string> ProtocolType = Gen.Frequency(
        (10, Gen.Constant("consumer")), (1, Gen.Elements("connect", "")));

    private static readonly Gen<string[]> Protocols = Gen.Frequency(
        (6, Gen.Constant<string[]>(["range"])), (3, Gen.Constant<string[]>(["range", "roundrobin"])),
        (1, Gen.Elements<string[]>(["sticky"], [], [""])));

    public static Gen<Step> JoinGroup { get; } =
        from @group in Values.Group
        from slot in Gen.Frequency((6, Gen.Constant(0)), (3, Gen.Constant(1)))
        from step in JoinBy(@group, slot)
        select step;

    /// <summary>
    /// A second member joins, and the first, seeing its group rebalance, joins again: both are answered.
    /// </summary>
    public static Gen<Step> JoinTogether { get; } =
        from second in JoinBy("g0", 1)
        from first in JoinBy("g0", 0)
        select second with { Partner = first };

    public static Gen<Step> SyncGroup { get; } =
        from version in Values.VersionOf(ApiKey.SyncGroup)
        from @group in Values.Group
        from member in Values.Member
        from shift in Shift()
        from type in Gen.Frequency((6, Gen.Constant((string?)"consumer")), (1, Gen.Elements<string?>(null, "connect")))
        from protocol in Gen.Frequency((6, Gen.Constant((string?)"range")), (1, Gen.Elements<string?>(null, "sticky")))
        from instance in Values.InstanceId
        from assigned in Gen.Frequency((6, Gen.Constant<int[]>([0, 1])), (1, Gen.Elements<int[]>([], [0], [-2])))
        select new Step(ApiKey.SyncGroup, version, scene => new SyncGroupRequest
        {
            GroupId = scene.Group(@group),
            GenerationId = scene.Generation(@group) + shift,
            MemberId = scene.Member(member),
            GroupInstanceId = instance,
            ProtocolType = type,
            ProtocolName = protocol,
            Assignments = [.. assigned.Where(slot => slot < 0 || scene.Member(slot).Length > 0).Select(slot =>
                new SyncGroupRequest.SyncGroupRequestAssignment
                {
                    MemberId = scene.Member(slot),
                    Assignment = Encoding.ASCII.GetBytes(FormattableString.Invariant($"part of {slot}")),
                })],
        });

    public static Gen<Step> Heartbeat { get; } =
        from version in Values.VersionOf(ApiKey.Heartbeat)
        from @group in Values.Group
        from member in Values.Member
        from shift in Shift()
        from instance in Values.InstanceId
        select new Step(ApiKey.Heartbeat, version, scene => new HeartbeatRequest
        {
            GroupId = scene.Group(@group),
            GenerationId = scene.Generation(@group) + shift,
            MemberId = scene.Member(member),
            GroupInstanceId = instance,
        });

    public static Gen<Step> LeaveGroup { get; } =
        from version in Values.VersionOf(ApiKey.LeaveGroup)
        from @group in Values.Group
        from members in Values.ListOf(Values.Member, 1, 2)
        from instance in Values.InstanceId
        select new Step(ApiKey.LeaveGroup, version, scene => new LeaveGroupRequest
        {
            GroupId = scene.Group(@group),
            MemberId = scene.Member(members[0]),
            Members = members.ConvertAll(member => new LeaveGroupRequest.MemberIdentity
            {
                MemberId = scene.Member(member),
                GroupInstanceId = instance,
                Reason = "the test says so",
            }),
        });

    public static Gen<Step> OffsetCommit { get; } =
        from version in Values.VersionOf(ApiKey.OffsetCommit)
        from @group in Values.Group
        from isSimple in Values.Bool
        from member in Values.Member
        from shift in Shift()
        from topic in Values.Topic
        from partition in Values.Partition
        from offset in Gen.Elements(0L, 5, 7, -1, long.MaxValue)
        from metadata in Gen.Elements<string?>("", "note", null, new string('m', 5000))
        from instance in Values.InstanceId
        select new Step(ApiKey.OffsetCommit, version, scene => new OffsetCommitRequest
        {
            GroupId = scene.Group(@group),
            GenerationIdOrMemberEpoch = isSimple ? -1 : scene.Generation(@group) + shift,
            MemberId = isSimple ? "" : scene.Member(member),
            GroupInstanceId = isSimple ? null : instance,
            Topics =
            [
                new()
                {
                    Name = scene.Topic(topic),
                    TopicId = scene.TopicId(topic),
                    Partitions =
                    [
                        new() { PartitionIndex = partition, CommittedOffset = offset, CommittedMetadata = metadata },
                    ],
                },
            ],
        });

    public static Gen<Step> OffsetFetch { get; } =
        from version in Values.VersionOf(ApiKey.OffsetFetch)
        from groups in Values.ListOf(Values.Group, 1, 2)
        from topics in Values.ListOf(Values.Topic, 0, 2)
        from partition in Values.Partition
        from isAll in Values.OneIn(3)
        from isStable in Values.Bool
        from member in Gen.Frequency((6, Gen.Constant(-1)), (1, Values.Member))
        select new Step(ApiKey.OffsetFetch, version, scene => new OffsetFetchRequest
        {
            GroupId = scene.Group(groups[0]),
            Topics = isAll ? null : topics.ConvertAll(topic => new OffsetFetchRequest.OffsetFetchRequestTopic
            {
                Name = scene.Topic(topic),
                PartitionIndexes = [0, partition],
            }),
            Groups = groups.ConvertAll(name => new OffsetFetchRequest.OffsetFetchRequestGroup
            {
                GroupId = scene.Group(name),
                MemberId = member == -1 ? null : scene.Member(member),
                MemberEpoch = member == -1 ? -1 : scene.Generation(name),
                Topics = isAll ? null : topics.ConvertAll(topic => new OffsetFetchRequest.OffsetFetchRequestTopics
                {
                    Name = scene.Topic(topic),
                    TopicId = scene.TopicId(topic),
                    PartitionIndexes = [0, partition],
                }),
            }),
            RequireStable = isStable,
        });

    public static Gen<Step> OffsetDelete { get; } =
        from version in Values.VersionOf(ApiKey.OffsetDelete)
        from @group in Values.Group
        from topic in Values.Topic
        from partition in Values.Partition
        select new Step(ApiKey.OffsetDelete, version, scene => new OffsetDeleteRequest
        {
            GroupId = scene.Group(@group),
            Topics = [new() { Name = scene.Topic(topic), Partitions = [new() { PartitionIndex = partition }] }],
        });

    public static Gen<Step> DescribeGroups { get; } =
        from version in Values.VersionOf(ApiKey.DescribeGroups)
        from groups in Values.ListOf(Values.Group, 1, 2)
        from wantsOperations in Values.Bool
        select new Step(ApiKey.DescribeGroups, version, scene => new DescribeGroupsRequest
        {
            Groups = groups.ConvertAll(scene.Group),
            IncludeAuthorizedOperations = wantsOperations,
        });

    public static Gen<Step> ListGroups { get; } =
        from version in Values.VersionOf(ApiKey.ListGroups)
        from states in Gen.Elements<string[]>(
            [], [], ["Stable"], ["empty"], ["Burning"], ["PreparingRebalance", "Empty"])
        from types in Gen.Elements<string[]>([], [], ["classic"], ["Consumer"], ["strange"])
        select new Step(ApiKey.ListGroups, version, _ => new ListGroupsRequest
        {
            StatesFilter = [.. states],
            TypesFilter = [.. types],
        });

    public static Gen<Step> DeleteGroups { get; } =
        from version in Values.VersionOf(ApiKey.DeleteGroups)
        from groups in Values.ListOf(Values.Group, 1, 2)
        select new Step(ApiKey.DeleteGroups, version, scene => new DeleteGroupsRequest
        {
            GroupsNames = groups.ConvertAll(scene.Group),
        });

    public static Gen<Step> FindCoordinator { get; } =
        from version in Values.VersionOf(ApiKey.FindCoordinator)
        from keys in Values.ListOf(Values.Group, 0, 2)
        from type in Gen.Elements<sbyte>(0, 0, 0, 0, 3, -1)
        select new Step(ApiKey.FindCoordinator, version, scene => new FindCoordinatorRequest
        {
            Key = scene.Group(keys.FirstOrDefault("g0")),
            KeyType = type,
            CoordinatorKeys = keys.ConvertAll(scene.Group),
        });

    private static Gen<Step> JoinBy(string groupName, int slot) =>
        from version in Values.VersionOf(ApiKey.JoinGroup)
        from isNew in Values.OneIn(6)
        from session in Gen.Frequency((12, Gen.Constant(SessionMs)), (1, Gen.Elements(100, 100_000_000)))
        from type in ProtocolType
        from protocols in Protocols
        from instance in Values.InstanceId
        select new Step(ApiKey.JoinGroup, version, scene => new JoinGroupRequest
        {
            GroupId = scene.Group(groupName),
            SessionTimeoutMs = version == 0 && session == SessionMs ? 6000 : session,
            RebalanceTimeoutMs = RebalanceMs,
            MemberId = isNew ? "" : scene.Member(slot),
            GroupInstanceId = instance,
            ProtocolType = type,
            Protocols = [.. protocols.Select(name => new JoinGroupRequest.JoinGroupRequestProtocol
            {
                Name = name,
                Metadata = Subscription(scene.Topic("t0")),
            })],
            Reason = "the test says so",
        })
        {
            Slot = slot,
        };

    private static byte[] Subscription(string topic) =>
        Frames.ToVersionedArray(new ConsumerProtocolSubscription { Topics = [topic] }, 0);

    /// <summary>How far a generation is beside the right one.</summary>
    private static Gen<int> Shift() => Gen.Frequency((10, Gen.Constant(0)), (1, Gen.Elements(1, -1, -100)));
}
