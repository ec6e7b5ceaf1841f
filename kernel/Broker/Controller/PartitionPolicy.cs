using System;
using System.Globalization;
using Deterministic.Broker.Log;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;

namespace Deterministic.Broker.Controller;

/// <summary>What a topic's configuration says about who may lead its partitions.</summary>
/// <param name="MinInSyncReplicas">
/// <c>min.insync.replicas</c>: with fewer, nothing is committed, and who leaves the ISR stays eligible (KIP-966).
/// </param>
/// <param name="IsUncleanElectionAllowed"><c>unclean.leader.election.enable</c>.</param>
/// <param name="SurvivesCrashes">
/// A replica acknowledges only what is flushed (<c>durability.mode</c>): a crash takes nothing of it back.
/// </param>
/// <param name="IsElrEnabled">Eligible leader replicas are kept (KIP-966).</param>
internal readonly record struct PartitionPolicy(
    int MinInSyncReplicas, bool IsUncleanElectionAllowed, bool SurvivesCrashes, bool IsElrEnabled)
{
    public static PartitionPolicy Of(ControllerView view, string topic)
    {
        var set = view.Image.Configs.Of(ConfigResourceType.Topic, topic);
        var minimum = view.Configs.TopicValue(set, ConfigTable.Topic.Find("min.insync.replicas")!);
        var unclean = view.Configs.TopicValue(set, ConfigTable.Topic.Find("unclean.leader.election.enable")!);
        var log = TopicConfigs.ToLogConfig(view.Configs, set);
        return new PartitionPolicy(
            int.TryParse(minimum, NumberStyles.Integer, CultureInfo.InvariantCulture, out var count) ? Math.Max(count, 1) : 1,
            ConfigValue.TryBoolean(unclean, out var isAllowed) && isAllowed,
            log.Durability == DurabilityMode.Flush,
            view.IsElrEnabled);
    }
}

/// <summary>Which brokers may lead, as the records under decision will have it.</summary>
/// <param name="Cluster">The registrations.</param>
/// <param name="Leaving">Counts as fenced, whatever its registration says; -1 for none.</param>
/// <param name="Joining">Counts as unfenced; -1 for none.</param>
internal readonly record struct ActiveBrokers(ClusterImage Cluster, int Leaving = -1, int Joining = -1)
{
    /// <summary>Registered, unfenced, and not about to stop.</summary>
    public bool Contains(int broker) =>
        broker != Leaving
        && (broker == Joining || Cluster.Find(broker) is { IsFenced: false, IsInControlledShutdown: false });
}
