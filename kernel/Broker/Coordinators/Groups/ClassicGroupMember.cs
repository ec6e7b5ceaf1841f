using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>One protocol (assignor) that a member supports, and what it says under that protocol.</summary>
public readonly record struct MemberProtocol(string Name, ReadOnlyMemory<byte> Metadata);

/// <summary>What JoinGroup says of a member that may change with every join.</summary>
public sealed record MemberSettings(
    int RebalanceTimeoutMs, int SessionTimeoutMs, IReadOnlyList<MemberProtocol> Protocols);

/// <summary>
/// One member of a classic group. It only holds what the group decides; the one rule: while it waits for an answer to
/// JoinGroup or SyncGroup, its session cannot expire, unless it is new and does not know its id yet.
/// </summary>
public sealed class ClassicGroupMember
{
    public ClassicGroupMember(string memberId, string? groupInstanceId, string clientId, string clientHost)
    {
        MemberId = memberId;
        GroupInstanceId = groupInstanceId;
        ClientId = clientId;
        ClientHost = clientHost;
    }

    public string MemberId { get; }

    /// <summary>Set for a static member (KIP-345). It never changes: a replacement is another member.</summary>
    public string? GroupInstanceId { get; }

    public string ClientId { get; }

    public string ClientHost { get; }

    public MemberSettings Settings { get; set; } = new(0, 0, []);

    /// <summary>What the leader gave it last; kept through a rebalance until the next assignment comes.</summary>
    public ReadOnlyMemory<byte> Assignment { get; set; }

    /// <summary>True until its first join is answered: it cannot send heartbeats before.</summary>
    public bool IsNew { get; set; }

    /// <summary>True from the end of a join phase until it has asked for its assignment.</summary>
    public bool IsPendingSync { get; set; }

    /// <summary>The answer its JoinGroup waits for.</summary>
    public Action<JoinGroupResponse>? AwaitingJoin { get; set; }

    /// <summary>The answer its SyncGroup waits for.</summary>
    public Action<SyncGroupResponse>? AwaitingSync { get; set; }

    /// <summary>When its session ends. The timer may be set for earlier and is then set again.</summary>
    public Instant SessionDeadline { get; set; }

    public TimerHandle? SessionTimer { get; set; }

    public bool IsAwaitingJoin => AwaitingJoin is not null;

    /// <summary>True where nothing that the session's end could tell is news.</summary>
    public bool IsExcusedFromHeartbeats => !IsNew && (IsAwaitingJoin || AwaitingSync is not null);

    /// <summary>What it says under a protocol; empty where it does not support it.</summary>
    public ReadOnlyMemory<byte> MetadataFor(string? protocol)
    {
        foreach (var supported in Settings.Protocols)
        {
            if (supported.Name == protocol)
            {
                return supported.Metadata;
            }
        }

        return default;
    }

    /// <summary>True where these are the same protocols, in the same order, with the same bytes.</summary>
    public bool Matches(IReadOnlyList<MemberProtocol> protocols)
    {
        if (protocols.Count != Settings.Protocols.Count)
        {
            return false;
        }

        for (var i = 0; i < protocols.Count; i++)
        {
            var mine = Settings.Protocols[i];
            if (mine.Name != protocols[i].Name || !mine.Metadata.Span.SequenceEqual(protocols[i].Metadata.Span))
            {
                return false;
            }
        }

        return true;
    }
}
