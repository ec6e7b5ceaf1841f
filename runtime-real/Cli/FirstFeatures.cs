using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>
/// The feature levels that a new cluster begins with, as <c>storage format</c> is told: <c>--release-version</c> and
/// <c>--feature</c>, refused with the sentences of Kafka's own tool where it has one.
/// </summary>
/// <remarks>The controllers here write their records as metadata.version 4.3 has them, so no other is taken.</remarks>
internal sealed class FirstFeatures
{
    private const string Release = "4.3-IV0";
    private const string ReleaseVersion = "--release-version";
    private const string Feature = "--feature";

    private readonly SortedDictionary<string, short> _levels = new(StringComparer.Ordinal);

    /// <summary>The records of the levels that were chosen.</summary>
    public IReadOnlyList<MetadataRecord> Records => FirstMetadata.Levels(_levels);

    private bool HasRelease { get; set; }

    /// <summary>Takes what it knows out of the words.</summary>
    public static FirstFeatures Parse(IEnumerable<string> words, out List<string> others)
    {
        var features = new FirstFeatures();
        var rest = new Queue<string>(words);
        others = [];
        while (rest.TryDequeue(out var word))
        {
            var equals = word.StartsWith("--", StringComparison.Ordinal) ? word.IndexOf('=', StringComparison.Ordinal) : -1;
            var name = equals < 0 ? word : word[..equals];
            if (name is not (ReleaseVersion or "-r" or Feature or "-f"))
            {
                others.Add(word);
                continue;
            }

            var value = equals >= 0 ? word[(equals + 1)..]
                : rest.TryDequeue(out var next) ? next
                : throw new StartupException($"option '{name}' wants a value");
            features.Take(name, value);
        }

        if (features.HasRelease && features._levels.ContainsKey(FeaturesImage.MetadataVersion))
        {
            throw new StartupException("Use --release-version instead of --feature metadata.version=X to avoid ambiguity.");
        }

        return features;
    }

    /// <summary>Throws where the voters are of another kraft.version than was asked for.</summary>
    public void AgreeWith(FirstQuorum quorum)
    {
        if (!_levels.TryGetValue(FeaturesImage.KRaftVersion, out var level))
        {
            return;
        }

        if (level > 0 && !quorum.IsAsked)
        {
            throw new StartupException(
                "Cannot set kraft.version to 1 unless controller.quorum.voters is empty and one of the flags --standalone, "
                + "--initial-controllers, or --no-initial-controllers is used.");
        }

        if (level == 0 && quorum.IsAsked)
        {
            throw new StartupException(
                "kraft.version is 0, but voters that can change were asked for; leave one of the two out");
        }
    }

    private void Take(string option, string value)
    {
        if (option is ReleaseVersion or "-r")
        {
            HasRelease = value is Release or "4.3"
                ? true
                : throw new StartupException(
                    $"Unknown metadata.version '{value}'. Supported metadata.version are: {Release}");
            return;
        }

        var equals = value.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            throw new StartupException($"Can't parse feature=level string {value}: equals sign not found.");
        }

        var name = value[..equals].Trim();
        if (!short.TryParse(value.AsSpan(equals + 1).Trim(), CultureInfo.InvariantCulture, out var level))
        {
            throw new StartupException(
                $"Can't parse feature=level string {value}: unable to parse {value[(equals + 1)..].Trim()} as a short.");
        }

        var supported = FeaturesImage.OfThisRelease.FirstOrDefault(feature => feature.Name == name);
        if (supported.Name is null)
        {
            var names = string.Join(", ", FeaturesImage.OfThisRelease.Select(feature => feature.Name));
            throw new StartupException($"Unsupported feature: {name}. Supported features are: {names}");
        }

        var lowest = name == FeaturesImage.MetadataVersion ? FeaturesImage.LatestMetadataVersion : supported.Lowest;
        _levels[name] = level >= lowest && level <= supported.Highest
            ? level
            : throw new StartupException($"No feature:{name} with feature level {level}");
    }
}
