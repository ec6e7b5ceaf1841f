using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// The one thing a broker reads in a member's metadata: the topics that a member of protocol type "consumer" names
/// in it.
/// What else stands there, and the assignment, is between the clients.
/// </summary>
public static class ConsumerSubscription
{
    public const string ProtocolType = "consumer";

    /// <summary>The topics all members are subscribed to; null where one of them cannot be read.</summary>
    public static HashSet<string>? TopicsOf(IReadOnlyList<ClassicGroupMember> members, string? protocol)
    {
        var topics = new HashSet<string>(StringComparer.Ordinal);
        if (members.Count == 0)
        {
            return topics;
        }

        if (protocol is null)
        {
            return null;
        }

        foreach (var member in members)
        {
            if (!TryRead(member.MetadataFor(protocol).Span, topics))
            {
                return null;
            }
        }

        return topics;
    }

    /// <summary>Reads int16 version, then an array of strings; later versions only add behind it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> metadata, HashSet<string> topics)
    {
        if (metadata.Length < sizeof(short) + sizeof(int) || BinaryPrimitives.ReadInt16BigEndian(metadata) < 0)
        {
            return false;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(metadata[sizeof(short)..]);
        var rest = metadata[(sizeof(short) + sizeof(int))..];
        if (count < 0)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (rest.Length < sizeof(short))
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt16BigEndian(rest);
            if (length < 0 || rest.Length - sizeof(short) < length)
            {
                return false;
            }

            topics.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(short), length)));
            rest = rest[(sizeof(short) + length)..];
        }

        return true;
    }
}
