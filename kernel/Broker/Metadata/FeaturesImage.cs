using System;
using System.Collections.Generic;

namespace Deterministic.Broker.Metadata;

/// <summary>
/// The features of the cluster: which levels this release supports, and which the cluster has finalized (KIP-584).
/// </summary>
public sealed class FeaturesImage
{
    public const string MetadataVersion = "metadata.version";
    public const string KRaftVersion = "kraft.version";
    public const string EligibleLeaderReplicasVersion = "eligible.leader.replicas.version";

    /// <summary>4.3-IV0.</summary>
    public const short LatestMetadataVersion = 30;

    private readonly SortedDictionary<string, short> _finalized = new(StringComparer.Ordinal);

    /// <summary>
    /// What a broker of Apache Kafka 4.3 supports, sorted by name. A cluster's finalized levels must lie within it,
    /// and a directory must be able to move between the two.
    /// </summary>
    public static IReadOnlyList<SupportedFeature> OfThisRelease { get; } =
    [
        new(EligibleLeaderReplicasVersion, 0, 1),
        new("group.version", 0, 1),
        new(KRaftVersion, 0, 1),
        new(MetadataVersion, 7, LatestMetadataVersion),
        new("share.version", 0, 1),
        new("streams.version", 0, 1),
        new("transaction.version", 0, 2),
    ];

    public IReadOnlyList<SupportedFeature> Supported => OfThisRelease;

    /// <summary>Finalized levels by name, sorted.</summary>
    public SortedDictionary<string, short> Finalized => _finalized;

    public short LevelOf(string name) => _finalized.TryGetValue(name, out var level) ? level : (short)0;

    internal void BecomeLike(FeaturesImage other)
    {
        _finalized.Clear();
        foreach (var (name, level) in other._finalized)
        {
            _finalized.Add(name, level);
        }
    }

    /// <summary>Level 0 is the same as not being finalized.</summary>
    internal void Set(string name, short level)
    {
        if (level == 0)
        {
            _finalized.Remove(name);
        }
        else
        {
            _finalized[name] = level;
        }
    }
}
