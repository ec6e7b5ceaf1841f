using System;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;

namespace Deterministic.Broker.Apis;

/// <summary>
/// Where a consumer had better read: a replica in its own rack, so that records cross no expensive line (KIP-392,
/// <c>replica.selector.class</c>).
/// </summary>
/// <remarks>
/// The rule a reader would get wrong: only a leader sends consumers elsewhere, and only to who is in its ISR and has the offset;
/// but any replica serves whoever asks it, up to its own high watermark.
/// </remarks>
public sealed class ReadReplica(bool isRackAware, string? ownRack)
{
    /// <summary>Kafka's name of the selector that this is.</summary>
    public const string RackAware = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

    /// <summary>Kafka's name of the selector that never sends anybody away; the same as none.</summary>
    public const string LeaderOnly = "org.apache.kafka.common.replica.LeaderSelector";

    /// <summary>The leader itself.</summary>
    public const int None = -1;

    /// <summary>The broker to be asked instead; <see cref="None"/> where the leader itself is as good.</summary>
    internal int For(Broker broker, Partition partition, string rack, Offset from)
    {
        if (!isRackAware || rack.Length == 0 || rack == ownRack || partition.Leader is not { } leader)
        {
            return None;
        }

        FollowerProgress? best = null;
        foreach (var follower in leader.Followers)
        {
            if (Array.IndexOf(leader.Isr, follower.Id) >= 0
                && follower.LogStart >= Offset.Zero && follower.LogStart <= from
                && follower.LogEnd >= from
                && (best is null || follower.LogEnd > best.LogEnd)
                && broker.Metadata.Cluster.Find(follower.Id) is { IsFenced: false } registration
                && registration.Rack == rack)
            {
                best = follower;
            }
        }

        return best?.Id ?? None;
    }
}
