using System;
using System.Collections.Generic;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Clients;

/// <summary>
/// Kafka's range assignor and the embedded messages of the consumer protocol: per topic, consecutive partitions to
/// the
/// members in the order of their ids.
/// </summary>
internal static class RangeAssignor
{
    public const string Name = "range";

    private const short Version = 0;

    public static byte[] Subscription(List<string> topics) =>
        WithVersion(new ConsumerProtocolSubscription { Topics = new List<string>(topics) });

    /// <summary>What the leader sends with its SyncGroup: an assignment for every member.</summary>
    public static void Assign(JoinGroupResponse joined, Cluster cluster, SyncGroupRequest request)
    {
        var members = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var topics = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var member in joined.Members)
        {
            var subscribed = TopicsOf(member.Metadata);
            members.Add(member.MemberId, subscribed);
            topics.UnionWith(subscribed);
        }

        var assignments = new SortedDictionary<string, ConsumerProtocolAssignment>(StringComparer.Ordinal);
        foreach (var (member, _) in members)
        {
            assignments.Add(member, new ConsumerProtocolAssignment());
        }

        foreach (var topic in topics)
        {
            var interested = new List<string>();
            foreach (var (member, subscribed) in members)
            {
                if (subscribed.Contains(topic))
                {
                    interested.Add(member);
                }
            }

            AssignTopic(topic, cluster.PartitionsOf(topic), interested, assignments);
        }

        foreach (var (member, assignment) in assignments)
        {
            request.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
            {
                MemberId = member,
                Assignment = WithVersion(assignment),
            });
        }
    }

    /// <summary>Reads an assignment; empty where the bytes are none.</summary>
    public static List<(string Topic, int Partition)> Assignment(ReadOnlyMemory<byte> bytes)
    {
        var assigned = new List<(string, int)>();
        var assignment = new ConsumerProtocolAssignment();
        if (!TryRead(bytes, assignment))
        {
            return assigned;
        }

        foreach (var topic in assignment.AssignedPartitions)
        {
            foreach (var partition in topic.Partitions)
            {
                assigned.Add((topic.Topic, partition));
            }
        }

        return assigned;
    }

    private static void AssignTopic(
        string topic,
        int partitions,
        List<string> members,
        SortedDictionary<string, ConsumerProtocolAssignment> assignments)
    {
        var next = 0;
        for (var i = 0; i < members.Count; i++)
        {
            var share = (partitions / members.Count) + (i < partitions % members.Count ? 1 : 0);
            if (share == 0)
            {
                continue;
            }

            var mine = new ConsumerProtocolAssignment.TopicPartition { Topic = topic };
            for (var p = 0; p < share; p++)
            {
                mine.Partitions.Add(next++);
            }

            assignments[members[i]].AssignedPartitions.Add(mine);
        }
    }

    private static List<string> TopicsOf(ReadOnlyMemory<byte> metadata)
    {
        var subscription = new ConsumerProtocolSubscription();
        return TryRead(metadata, subscription) ? subscription.Topics : [];
    }

    private static bool TryRead(ReadOnlyMemory<byte> bytes, IMessage message)
    {
        var reader = new ProtocolReader(bytes);
        _ = reader.ReadInt16();
        message.Read(ref reader, Version);
        return !reader.Failed;
    }

    /// <summary>Embedded messages carry their version in front.</summary>
    private static byte[] WithVersion(IMessage message)
    {
        var body = Frames.ToArray(message, Version);
        var bytes = new byte[body.Length + 2];
        bytes[1] = (byte)Version;
        body.CopyTo(bytes.AsSpan(2));
        return bytes;
    }
}
