using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides UpdateFeatures: the levels that the whole cluster keeps to (KIP-584).</summary>
/// <remarks>
/// All or nothing: one level that cannot be refuses the request. A level must be supported by this node and by every
/// registered broker and controller. kraft.version belongs to the quorum, which is asked last, when nothing else speaks
/// against the request.
/// Knowingly absent: lowering metadata.version.
/// </remarks>
internal sealed class FeatureUpdate
{
    private const sbyte Upgrade = 1;
    private const sbyte UnsafeDowngrade = 3;
    public const string MinInSyncReplicas = "min.insync.replicas";

    private readonly ControllerView _view;
    private readonly Func<string?> _upgradeVoters;
    private bool _upgradesVoters;

    /// <param name="view">What the controller knows.</param>
    /// <param name="upgradeVoters">Raises kraft.version; why it cannot be, or null.</param>
    public FeatureUpdate(ControllerView view, Func<string?> upgradeVoters)
    {
        _view = view;
        _upgradeVoters = upgradeVoters;
    }

    /// <summary>Version 0 says by a flag what later ones say by the type; version 2 tells nothing per feature.</summary>
    public UpdateFeaturesResponse Decide(UpdateFeaturesRequest request, short version, List<MetadataRecord> records)
    {
        var error = ApiError.None;
        foreach (var update in request.FeatureUpdates)
        {
            var type = version == 0 ? (sbyte)(update.AllowDowngrade ? 2 : Upgrade) : update.UpgradeType;
            error = Decide(update.Feature, update.MaxVersionLevel, type, records);
            if (error.IsError)
            {
                records.Clear();
                break;
            }
        }

        if (!error.IsError && _upgradesVoters && _upgradeVoters() is { } why)
        {
            records.Clear();
            error = Refuse(FeaturesImage.KRaftVersion, 1, why);
        }

        var response = new UpdateFeaturesResponse { ErrorMessage = null };
        if (version >= 2)
        {
            response.ErrorCode = (short)error.Code;
            response.ErrorMessage = error.IsError
                ? "The update failed for all features since the following feature had an error: " + error.Message
                : null;
            return response;
        }

        foreach (var update in request.FeatureUpdates)
        {
            response.Results.Add(new UpdateFeaturesResponse.UpdatableFeatureResult
            {
                Feature = update.Feature,
                ErrorCode = (short)error.Code,
                ErrorMessage = error.Message,
            });
        }

        return response;
    }

    private ApiError Decide(string name, short level, sbyte type, List<MetadataRecord> records)
    {
        if (type is < Upgrade or > UnsafeDowngrade)
        {
            return Refuse(name, level, "The controller does not support the given upgrade type.");
        }

        var current = _view.Image.Features.LevelOf(name);
        if (WhyUnsupported(name, level) is { } why)
        {
            return Refuse(name, level, why);
        }

        if (level < current)
        {
            var error = CheckDowngrade(name, level, type);
            if (error.IsError)
            {
                return error;
            }
        }

        if (name == FeaturesImage.KRaftVersion)
        {
            _upgradesVoters |= level > current;
        }
        else if (level != current)
        {
            records.Add(MetadataRecord.Of(new FeatureLevelRecord { Name = name, FeatureLevel = level }));
            AddConsequences(name, level, records);
        }

        return ApiError.None;
    }

    private string? WhyUnsupported(string name, short level)
    {
        if (level < 0)
        {
            return "A feature version cannot be less than 0.";
        }

        var own = string.Create(CultureInfo.InvariantCulture, $"Local controller {_view.Self.Value}");
        var why = WhyUnsupported(own, FeaturesImage.OfThisRelease, name, level);
        if (name == FeaturesImage.KRaftVersion)
        {
            return why;
        }

        foreach (var broker in _view.Image.Cluster.Brokers)
        {
            why ??= WhyUnsupported(
                string.Create(CultureInfo.InvariantCulture, $"Broker {broker.Id}"), broker.Features, name, level);
        }

        foreach (var controller in _view.Image.Cluster.ControllerRecords)
        {
            if (controller.ControllerId != _view.Self.Value)
            {
                var supported = new List<SupportedFeature>();
                foreach (var feature in controller.Features)
                {
                    supported.Add(new SupportedFeature(
                        feature.Name, feature.MinSupportedVersion, feature.MaxSupportedVersion));
                }

                why ??= WhyUnsupported(
                    string.Create(CultureInfo.InvariantCulture, $"Controller {controller.ControllerId}"), supported, name, level);
            }
        }

        return why;
    }

    private static string? WhyUnsupported(string who, IReadOnlyList<SupportedFeature> supported, string name, short level)
    {
        foreach (var feature in supported)
        {
            if (feature.Name == name)
            {
                return feature.Lowest <= level && level <= feature.Highest ? null : string.Create(
                    CultureInfo.InvariantCulture, $"{who} only supports versions {feature.Lowest}-{feature.Highest}");
            }
        }

        return level == 0 ? null : who + " does not support this feature.";
    }

    private ApiError CheckDowngrade(string name, short level, sbyte type)
    {
        if (type == Upgrade)
        {
            return Refuse(
                name,
                level,
                "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe "
                + "downgrade.");
        }

        if (name == FeaturesImage.MetadataVersion)
        {
            return Refuse(
                name,
                level,
                type == UnsafeDowngrade
                    ? "Unsafe metadata downgrade is not supported in this version."
                    : "Refusing to perform the requested downgrade because it might delete metadata information.");
        }

        if (name == FeaturesImage.KRaftVersion)
        {
            return Refuse(name, level, "Who votes stands in the log, and this cannot be taken back.");
        }

        // Without the feature nobody outside the ISR may lead: a partition with an empty ISR would be lost.
        return name == FeaturesImage.EligibleLeaderReplicasVersion && IsAnyIsrEmpty()
            ? Refuse(name, level, "Some partitions have nobody in sync, and eligible leader replicas are all they have.")
            : ApiError.None;
    }

    private bool IsAnyIsrEmpty()
    {
        foreach (var topic in _view.Image.Topics.All)
        {
            foreach (var partition in topic.Partitions)
            {
                if (partition.Isr.Length == 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Eligible replicas need a minimum that is the same on every broker, and mean nothing once the feature is off.
    /// </summary>
    private void AddConsequences(string name, short level, List<MetadataRecord> records)
    {
        if (name != FeaturesImage.EligibleLeaderReplicasVersion)
        {
            return;
        }

        if (level == 0)
        {
            records.Add(MetadataRecord.Of(new ClearElrRecord { TopicName = "" }));
        }
        else if (_view.Image.Configs.Find(ConfigResourceType.Broker, "", MinInSyncReplicas) is null)
        {
            records.Add(MetadataRecord.Of(new ConfigRecord
            {
                ResourceType = (sbyte)ConfigResourceType.Broker,
                ResourceName = "",
                Name = MinInSyncReplicas,
                Value = _view.Configs.BrokerValue(MinInSyncReplicas),
            }));
        }
    }

    private static ApiError Refuse(string name, short level, string why) => new(
        ErrorCode.InvalidUpdateVersion,
        string.Create(CultureInfo.InvariantCulture, $"Invalid update version {level} for feature {name}. {why}"));
}
