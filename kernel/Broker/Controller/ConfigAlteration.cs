using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>What IncrementalAlterConfigs can do to one key.</summary>
public enum ConfigOperation : sbyte
{
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}

/// <summary>One change to one key, as a request asks for it.</summary>
public readonly record struct ConfigChange(string Name, ConfigOperation Operation, string? Value);

/// <summary>
/// Decides IncrementalAlterConfigs and AlterConfigs: what a resource's settings would become, whether they may, and
/// the
/// records that make them so.
/// </summary>
/// <remarks>
/// The checks are Kafka's, in its order: the request's own form, then the resource, then what only the broker can
/// judge
/// (what may change while running), then the values. Loggers are not a resource here: the kernel has none.
/// </remarks>
internal sealed class ConfigAlteration
{
    private const string MinInSyncReplicas = "min.insync.replicas";

    private readonly ControllerView _view;
    private readonly ConfigResourceCheck _check;

    public ConfigAlteration(ControllerView view)
    {
        _view = view;
        _check = new ConfigResourceCheck(view);
    }

    public IncrementalAlterConfigsResponse Decide(
        IncrementalAlterConfigsRequest request, List<MetadataRecord> records)
    {
        var response = new IncrementalAlterConfigsResponse();
        var seen = new NameCounts();
        foreach (var resource in request.Resources)
        {
            seen.Add(KeyOf(resource.ResourceType, resource.ResourceName));
        }

        foreach (var resource in request.Resources)
        {
            var changes = new List<ConfigChange>(resource.Configs.Count);
            foreach (var config in resource.Configs)
            {
                changes.Add(new ConfigChange(config.Name, (ConfigOperation)config.ConfigOperation, config.Value));
            }

            var error = seen.CountOf(KeyOf(resource.ResourceType, resource.ResourceName)) > 1
                ? new ApiError(ErrorCode.InvalidRequest, "Each resource must appear at most once.")
                : Incremental((ConfigResourceType)resource.ResourceType, resource.ResourceName, changes, records);
            response.Responses.Add(new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = (short)error.Code,
                ErrorMessage = error.Message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            });
        }

        return response;
    }

    /// <summary>Replaces everything: what the request leaves out reverts.</summary>
    public AlterConfigsResponse Decide(AlterConfigsRequest request, List<MetadataRecord> records)
    {
        var response = new AlterConfigsResponse();
        var seen = new NameCounts();
        foreach (var resource in request.Resources)
        {
            seen.Add(KeyOf(resource.ResourceType, resource.ResourceName));
        }

        foreach (var resource in request.Resources)
        {
            var changes = new List<ConfigChange>(resource.Configs.Count);
            foreach (var config in resource.Configs)
            {
                changes.Add(new ConfigChange(config.Name, ConfigOperation.Set, config.Value));
            }

            var error = seen.CountOf(KeyOf(resource.ResourceType, resource.ResourceName)) > 1
                ? new ApiError(ErrorCode.InvalidRequest, "Each resource must appear at most once.")
                : Replace((ConfigResourceType)resource.ResourceType, resource.ResourceName, changes, records);
            response.Responses.Add(new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = (short)error.Code,
                ErrorMessage = error.Message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            });
        }

        return response;
    }

    private static string KeyOf(sbyte type, string name) => FormattableString.Invariant($"{type}/{name}");

    private static ApiError CheckForm(List<ConfigChange> changes)
    {
        var names = new NameCounts();
        foreach (var change in changes)
        {
            names.Add(change.Name);
        }

        if (names.Repeated.Count > 0)
        {
            return new ApiError(ErrorCode.InvalidRequest, "Error due to duplicate config keys");
        }

        var missing = new List<string>();
        foreach (var change in changes)
        {
            if (change.Value is null && change.Operation != ConfigOperation.Delete)
            {
                missing.Add(change.Name);
            }
        }

        return missing.Count > 0
            ? new ApiError(ErrorCode.InvalidRequest, "Null value not supported for : " + string.Join(",", missing))
            : ApiError.None;
    }

    private ApiError Incremental(
        ConfigResourceType type, string name, List<ConfigChange> changes, List<MetadataRecord> records)
    {
        var error = CheckForm(changes);
        if (error.IsError)
        {
            return error;
        }

        error = _check.CheckResource(type, name);
        if (error.IsError)
        {
            return error;
        }

        var current = _view.Image.Configs.Of(type, name);
        var after = Copy(current);
        foreach (var change in changes)
        {
            error = Apply(type, change, after);
            if (error.IsError)
            {
                return error;
            }
        }

        return Finish(type, name, after, records);
    }

    private ApiError Replace(
        ConfigResourceType type, string name, List<ConfigChange> changes, List<MetadataRecord> records)
    {
        var error = CheckForm(changes);
        if (error.IsError)
        {
            return error;
        }

        error = type == ConfigResourceType.BrokerLogger
            ? new ApiError(ErrorCode.InvalidRequest, "Unknown resource type 8")
            : _check.CheckResource(type, name);
        if (error.IsError)
        {
            return error;
        }

        var after = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            after[change.Name] = change.Value!;
        }

        return Finish(type, name, after, records);
    }

    private ApiError Apply(ConfigResourceType type, in ConfigChange change, SortedDictionary<string, string> after)
    {
        switch (change.Operation)
        {
            case ConfigOperation.Set:
                after[change.Name] = change.Value!;
                return ApiError.None;
            case ConfigOperation.Delete:
                after.Remove(change.Name);
                return ApiError.None;
            case ConfigOperation.Append or ConfigOperation.Subtract:
                return ApplyToList(type, change, after);
            default:
                return new ApiError(ErrorCode.UnknownServerError, null);
        }
    }

    /// <summary>A list that is not set yet begins as the default in force.</summary>
    private ApiError ApplyToList(
        ConfigResourceType type, in ConfigChange change, SortedDictionary<string, string> after)
    {
        var definition = ConfigResourceCheck.Find(type, change.Name);
        if (definition is not { Type: ConfigType.List })
        {
            var verb = change.Operation == ConfigOperation.Append ? "APPEND" : "SUBTRACT";
            return new ApiError(
                ErrorCode.InvalidConfig,
                "Can't " + verb + " to key " + change.Name + " because its type is not LIST.");
        }

        var text = after.TryGetValue(change.Name, out var set) ? set : DefaultOf(type, definition);
        var elements = new List<string>(ConfigValue.List(text ?? ""));
        foreach (var element in ConfigValue.List(change.Value!))
        {
            if (change.Operation == ConfigOperation.Subtract)
            {
                elements.Remove(element);
            }
            else if (!elements.Contains(element))
            {
                elements.Add(element);
            }
        }

        after[change.Name] = string.Join(",", elements);
        return ApiError.None;
    }

    private string? DefaultOf(ConfigResourceType type, ConfigDefinition definition) => type switch
    {
        ConfigResourceType.Topic => _view.Configs.TopicDefault(definition),
        ConfigResourceType.Broker => _view.Configs.BrokerValue(definition.Name),
        _ => definition.Default,
    };

    private static SortedDictionary<string, string> Copy(SortedDictionary<string, string> settings)
    {
        var copy = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in settings)
        {
            copy.Add(key, value);
        }

        return copy;
    }

    private ApiError Finish(
        ConfigResourceType type, string name, SortedDictionary<string, string> after, List<MetadataRecord> records)
    {
        var before = _view.Image.Configs.Of(type, name);
        var error = _check.CheckSettings(type, name, before, after);
        if (error.IsError)
        {
            return error;
        }

        error = CheckElr(type, name, before, after);
        if (error.IsError)
        {
            return error;
        }

        AddRecords(type, name, before, after, records);
        return ApiError.None;
    }

    /// <summary>
    /// With ELR the cluster-wide minimum of in-sync replicas is part of what makes a replica eligible.
    /// </summary>
    private ApiError CheckElr(
        ConfigResourceType type,
        string name,
        SortedDictionary<string, string> before,
        SortedDictionary<string, string> after)
    {
        if (!_view.IsElrEnabled || type != ConfigResourceType.Broker)
        {
            return ApiError.None;
        }

        if (name.Length > 0)
        {
            return after.ContainsKey(MinInSyncReplicas)
                ? new ApiError(
                    ErrorCode.InvalidConfig,
                    "Broker-level min.insync.replicas cannot be altered while ELR is enabled.")
                : ApiError.None;
        }

        return before.ContainsKey(MinInSyncReplicas) && !after.ContainsKey(MinInSyncReplicas)
            ? new ApiError(
                ErrorCode.InvalidConfig,
                "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.")
            : ApiError.None;
    }

    private void AddRecords(
        ConfigResourceType type,
        string name,
        SortedDictionary<string, string> before,
        SortedDictionary<string, string> after,
        List<MetadataRecord> records)
    {
        foreach (var (key, value) in after)
        {
            if (!before.TryGetValue(key, out var old) || old != value)
            {
                Add(type, name, key, value, records);
            }
        }

        foreach (var (key, _) in before)
        {
            if (!after.ContainsKey(key))
            {
                Add(type, name, key, null, records);
            }
        }
    }

    private void Add(
        ConfigResourceType type, string name, string key, string? value, List<MetadataRecord> records)
    {
        records.Add(MetadataRecord.Of(new ConfigRecord
        {
            ResourceType = (sbyte)type,
            ResourceName = name,
            Name = key,
            Value = value,
        }));
        if (key == MinInSyncReplicas && _view.IsElrEnabled)
        {
            records.Add(MetadataRecord.Of(new ClearElrRecord
            {
                TopicName = type == ConfigResourceType.Topic ? name : "",
            }));
        }
    }
}
