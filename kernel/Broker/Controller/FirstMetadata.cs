using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>What the first controller of a new cluster writes before anything else.</summary>
internal static class FirstMetadata
{
    /// <summary>
    /// Feature levels, and users, as a format tool chose them, or where it chose nothing this release's levels; one
    /// atomic transaction, as Kafka's own first records. With eligible replicas (KIP-966) all must judge by one minimum, so what
    /// this controller has in its properties becomes the cluster's.
    /// </summary>
    public static List<MetadataRecord> Records(IReadOnlyList<MetadataRecord> chosen, string? minInSyncReplicas) =>
    [
        MetadataRecord.Of(new BeginTransactionRecord { Name = "Bootstrap records" }),
        .. chosen.Count > 0 ? chosen : Latest(),
        MetadataRecord.Of(new ConfigRecord
        {
            ResourceType = (sbyte)ConfigResourceType.Broker,
            ResourceName = "",
            Name = FeatureUpdate.MinInSyncReplicas,
            Value = minInSyncReplicas,
        }),
        MetadataRecord.Of(new EndTransactionRecord()),
    ];

    private static List<MetadataRecord> Latest() =>
    [
        Feature(FeaturesImage.MetadataVersion, FeaturesImage.LatestMetadataVersion),
        Feature(FeaturesImage.EligibleLeaderReplicasVersion, 1),
        Feature("group.version", 1),
        Feature("share.version", 1),
        Feature("streams.version", 1),
        Feature("transaction.version", 2),
    ];

    private static MetadataRecord Feature(string name, short level) =>
        MetadataRecord.Of(new FeatureLevelRecord { Name = name, FeatureLevel = level });
}
