using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>What the first controller of a new cluster writes before anything else.</summary>
public static class FirstMetadata
{
    private static readonly (string Name, short Level)[] OfThisRelease =
    [
        (FeaturesImage.MetadataVersion, FeaturesImage.LatestMetadataVersion),
        (FeaturesImage.EligibleLeaderReplicasVersion, 1),
        ("group.version", 1),
        ("share.version", 1),
        ("streams.version", 1),
        ("transaction.version", 2),
    ];

    /// <summary>
    /// Feature levels, and users, as a format tool chose them, or where it chose nothing this release's levels; one
    /// atomic transaction, as Kafka's own first records. With eligible replicas (KIP-966) all must judge by one minimum, so what
    /// this controller has in its properties becomes the cluster's.
    /// </summary>
    internal static List<MetadataRecord> Records(IReadOnlyList<MetadataRecord> chosen, string? minInSyncReplicas) =>
    [
        MetadataRecord.Of(new BeginTransactionRecord { Name = "Bootstrap records" }),
        .. chosen.Count > 0 ? chosen : Levels([]),
        MetadataRecord.Of(new ConfigRecord
        {
            ResourceType = (sbyte)ConfigResourceType.Broker,
            ResourceName = "",
            Name = FeatureUpdate.MinInSyncReplicas,
            Value = minInSyncReplicas,
        }),
        MetadataRecord.Of(new EndTransactionRecord()),
    ];

    /// <summary>The levels of this release, but for those that were asked for; level 0 needs no record.</summary>
    public static List<MetadataRecord> Levels(SortedDictionary<string, short> asked)
    {
        var records = new List<MetadataRecord>();
        foreach (var (name, level) in OfThisRelease)
        {
            var chosen = asked.GetValueOrDefault(name, level);
            if (chosen > 0)
            {
                records.Add(MetadataRecord.Of(new FeatureLevelRecord { Name = name, FeatureLevel = chosen }));
            }
        }

        return records;
    }
}
