using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>Requests to be sent one after the other to two brokers, on two fresh topics.</summary>
/// <param name="Config">How topic t1 is configured: where records behave differently.</param>
/// <param name="Steps">The requests.</param>
public sealed record Sequence((string Name, string Value)? Config, IReadOnlyList<Step> Steps)
{
    private const int MostSteps = 14;

    private static readonly Gen<(string, string)?> AnyConfig = Gen.Elements<(string, string)?>(
        null, null, ("cleanup.policy", "compact"), ("message.timestamp.type", "LogAppendTime"),
        ("max.message.bytes", "1000"), ("compression.type", "gzip"), ("message.timestamp.before.max.ms", "1000"));

    private static readonly Gen<Step> AboutTopics = Gen.Frequency(
        (4, TopicRequests.CreateTopics), (3, TopicRequests.DeleteTopics), (3, TopicRequests.CreatePartitions),
        (3, TopicRequests.Metadata), (2, TopicRequests.DescribeTopicPartitions), (1, TopicRequests.DescribeCluster),
        (1, TopicRequests.ApiVersions), (1, TopicRequests.DescribeLogDirs), (3, ConfigRequests.DescribeConfigs),
        (3, ConfigRequests.IncrementalAlterConfigs), (2, ConfigRequests.AlterConfigs));

    private static readonly Gen<Step> AboutRecords = Gen.Frequency(
        (8, RecordRequests.Produce), (5, RecordRequests.Fetch), (3, RecordRequests.ListOffsets),
        (1, RecordRequests.OffsetForLeaderEpoch), (1, RecordRequests.DeleteRecords),
        (2, RecordRequests.InitProducerId));

    private static readonly Gen<Step> AboutGroups = Gen.Frequency(
        (6, GroupRequests.JoinGroup), (2, GroupRequests.JoinTogether), (6, GroupRequests.SyncGroup),
        (3, GroupRequests.Heartbeat), (2, GroupRequests.LeaveGroup), (4, GroupRequests.OffsetCommit),
        (4, GroupRequests.OffsetFetch), (1, GroupRequests.OffsetDelete), (3, GroupRequests.DescribeGroups),
        (1, GroupRequests.ListGroups), (1, GroupRequests.DeleteGroups), (1, GroupRequests.FindCoordinator));

    private static readonly Gen<Step> Anything = Gen.Frequency(
        (3, AboutTopics), (4, AboutRecords), (3, AboutGroups), (1, Damaged()));

    public static Gen<Sequence> Any { get; } =
        from theme in Gen.Frequency(
            (3, Gen.Constant(AboutTopics)), (4, Gen.Constant(AboutRecords)), (3, Gen.Constant(AboutGroups)),
            (3, Gen.Constant(Anything)))
        from steps in Values.ListOf(theme, 1, MostSteps)
        from config in AnyConfig
        select new Sequence(config, steps);

    public override string ToString() =>
        $"    t0 of 2 partitions, t1 of 1 ({(Config is { } config ? config.Name + "=" + config.Value : "default")})\n"
        + string.Join('\n', Steps.Select((step, i) => FormattableString.Invariant($"    {i + 1,2} {step}")));

    private static Gen<Step> Damaged() =>
        from step in Gen.OneOf(AboutTopics, AboutRecords, AboutGroups)
        from damage in Gen.Elements<Func<byte[], byte[]>>(
            frame => Resized(frame, frame.Length - 1),
            frame => Resized(frame, frame.Length - 4),
            frame => Resized(frame, 14),
            frame => Resized(frame, 9),
            frame => Patched(frame, 6, 99),
            frame => Patched(frame, 4, 999),
            frame => Patched(frame, 4, -1))
        select step with { Damage = damage, Partner = null, IsAnswered = true };

    /// <summary>The frame cut to a size, its length telling the truth about that.</summary>
    private static byte[] Resized(byte[] frame, int size)
    {
        var cut = frame[..Math.Clamp(size, 4, frame.Length)];
        BinaryPrimitives.WriteInt32BigEndian(cut, cut.Length - 4);
        return cut;
    }

    private static byte[] Patched(byte[] frame, int at, short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(at), value);
        return frame;
    }
}
