using System;

namespace Deterministic.Broker.Metadata.Configs;

/// <summary>Which ends of a partition's replication are slowed down on this node, as its topic's configuration says.</summary>
/// <param name="AsLeader">What followers out of sync fetch from here: <c>leader.replication.throttled.replicas</c>.</param>
/// <param name="AsFollower">What is fetched to here while out of sync: <c>follower.replication.throttled.replicas</c>.</param>
public readonly record struct Throttling(bool AsLeader, bool AsFollower)
{
    /// <summary>Whether a list, <c>*</c> or <c>partition:broker,...</c>, names this replica.</summary>
    public static bool Names(string list, int partition, int broker)
    {
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (part == "*" || (colon > 0
                && int.TryParse(part.AsSpan(0, colon), out var index) && index == partition
                && int.TryParse(part.AsSpan(colon + 1), out var id) && id == broker))
            {
                return true;
            }
        }

        return false;
    }
}
