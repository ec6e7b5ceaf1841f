using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
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

    /// <param name="view">What there is.</param>
    /// <param name="isAnyBroker">The request may be about any broker, not only about this one.</param>
    public ConfigAlteration(ControllerView view, bool isAnyBroker = false)
    {
        _view = view;
        _check = new ConfigResourceCheck(view, isAnyBroker);
    }

    public IncrementalAlterConfigsResponse Decide(
        IncrementalAlterConfigsRequest request, List<MetadataRecord> records)
    {
        var asked = new List<Alteration>(request.Resources.Count);
        foreach (var resource in request.Resources)
        {
            var changes = new List<ConfigChange>(resource.Configs.Count);
            foreach (var config in resource.Configs)
            {
                changes.Add(new ConfigChange(config.Name, (ConfigOperation)config.ConfigOperation, config.Value));
            }

            asked.Add(new Alteration((ConfigResourceType)resource.ResourceType, resource.ResourceName, changes));
        }

        var errors = CheckForms(asked);
        CheckAtBroker(asked, errors);
        AlterAll(asked, errors, records);
        var response = new IncrementalAlterConfigsResponse();
        for (var i = 0; i < asked.Count; i++)
        {
            var error = errors[i];
            response.Responses.Add(new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = (short)error.Code,
                ErrorMessage = error.Message,
                ResourceType = (sbyte)asked[i].Type,
                ResourceName = asked[i].Name,
            });
        }

        return response;
    }

    /// <summary>Replaces everything: what the request leaves out reverts.</summary>
    public AlterConfigsResponse Decide(AlterConfigsRequest request, List<MetadataRecord> records)
    {
        var asked = new List<Alteration>(request.Resources.Count);
        foreach (var resource in request.Resources)
        {
            var changes = new List<ConfigChange>(resource.Configs.Count);
            foreach (var config in resource.Configs)
            {
                changes.Add(new ConfigChange(config.Name, ConfigOperation.Set, config.Value));
            }

            asked.Add(new Alteration((ConfigResourceType)resource.ResourceType, resource.ResourceName, changes));
        }

        var errors = CheckForms(asked);
        var response = new AlterConfigsResponse();
        for (var i = 0; i < asked.Count; i++)
        {
            var error = errors[i].IsError ? errors[i] : Replace(asked[i], records);
            response.Responses.Add(new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = (short)error.Code,
                ErrorMessage = error.Message,
                ResourceType = (sbyte)asked[i].Type,
                ResourceName = asked[i].Name,
            });
        }

        return response;
    }

    /// <summary>What one resource of a request is to become.</summary>
    private readonly record struct Alteration(ConfigResourceType Type, string Name, List<ConfigChange> Changes);

    /// <summary>What is wrong with the request itself, by resource.</summary>
    private static List<ApiError> CheckForms(List<Alteration> asked)
    {
        var seen = new NameCounts();
        foreach (var one in asked)
        {
            seen.Add(KeyOf((sbyte)one.Type, one.Name));
        }

        var errors = new List<ApiError>(asked.Count);
        foreach (var one in asked)
        {
            errors.Add(seen.CountOf(KeyOf((sbyte)one.Type, one.Name)) > 1
                ? new ApiError(ErrorCode.InvalidRequest, "Each resource must appear at most once.")
                : CheckForm(one.Changes));
        }

        return errors;
    }

    /// <summary>What is asked of a broker is judged there, before a controller sees it.</summary>
    private void CheckAtBroker(List<Alteration> asked, List<ApiError> errors)
    {
        for (var i = 0; i < asked.Count; i++)
        {
            if (!errors[i].IsError && !ConfigResourceCheck.IsKnown(asked[i].Type))
            {
                errors[i] = _check.CheckResource(asked[i].Type, asked[i].Name);
            }

            if (asked[i].Type is ConfigResourceType.Broker or ConfigResourceType.BrokerLogger && !errors[i].IsError)
            {
                errors[i] = HasUnknownOperation(asked[i])
                    ? new ApiError(ErrorCode.InvalidRequest, "Unknown operation.")
                    : Incremental(asked[i], []);
            }
        }
    }

    /// <summary>
    /// Kafka's controller trips over an operation number that does not exist, once it comes to it, and fails all that it was
    /// asked.
    /// </summary>
    private void AlterAll(List<Alteration> asked, List<ApiError> errors, List<MetadataRecord> records)
    {
        var outcomes = new List<ApiError>(errors);
        var hasTripped = false;
        for (var i = 0; i < asked.Count; i++)
        {
            outcomes[i] = errors[i].IsError ? errors[i] : Incremental(asked[i], records);
            hasTripped |= outcomes[i].Code == ErrorCode.UnknownServerError;
        }

        if (hasTripped)
        {
            records.Clear();
        }

        for (var i = 0; i < asked.Count; i++)
        {
            errors[i] = hasTripped && !errors[i].IsError ? new ApiError(ErrorCode.UnknownServerError, null) : outcomes[i];
        }
    }

    private static bool HasUnknownOperation(in Alteration asked) =>
        asked.Changes.Exists(change => change.Operation is < ConfigOperation.Set or > ConfigOperation.Subtract);

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

    private ApiError Incremental(in Alteration asked, List<MetadataRecord> records)
    {
        var error = IsNamedLater(asked.Type) ? ApiError.None : _check.CheckResource(asked.Type, asked.Name);
        if (error.IsError)
        {
            return error;
        }

        var after = Copy(_view.Image.Configs.Of(asked.Type, asked.Name));
        foreach (var change in InKafkasOrder(asked.Changes))
        {
            error = Apply(asked.Type, change, after);
            if (error.IsError)
            {
                return error;
            }
        }

        return Finish(asked.Type, asked.Name, after, records);
    }

    /// <summary>The controller looks at these resources' names when it has looked at what is to be done to them.</summary>
    private static bool IsNamedLater(ConfigResourceType type) =>
        type is ConfigResourceType.Topic or ConfigResourceType.Group or ConfigResourceType.ClientMetrics;

    /// <summary>
    /// Of two faults the first one met is told, and Kafka walks a hash map of keys: by the lowest bits of their hashes.
    /// </summary>
    private static List<ConfigChange> InKafkasOrder(List<ConfigChange> changes)
    {
        var buckets = 16;
        while (changes.Count * 4 > buckets * 3)
        {
            buckets *= 2;
        }

        var places = new SortedDictionary<(int Bucket, int Place), ConfigChange>();
        for (var place = 0; place < changes.Count; place++)
        {
            var hash = JavaHash.Of(changes[place].Name);
            places.Add(((hash ^ (int)((uint)hash >> 16)) & (buckets - 1), place), changes[place]);
        }

        var ordered = new List<ConfigChange>(changes.Count);
        foreach (var (_, change) in places)
        {
            ordered.Add(change);
        }

        return ordered;
    }

    private ApiError Replace(in Alteration asked, List<MetadataRecord> records)
    {
        var error = asked.Type switch
        {
            ConfigResourceType.BrokerLogger => new ApiError(ErrorCode.InvalidRequest, "Unknown resource type 8"),
            _ when IsNamedLater(asked.Type) => ApiError.None,
            _ => _check.CheckResource(asked.Type, asked.Name),
        };
        if (error.IsError)
        {
            return error;
        }

        var after = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var change in asked.Changes)
        {
            after[change.Name] = change.Value!;
        }

        return Finish(asked.Type, asked.Name, after, records);
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
        foreach (var element in Operands(change.Value!))
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

    /// <summary>As Java splits: nothing is one empty element, and empty ones at the end are none.</summary>
    private static ReadOnlySpan<string> Operands(string text)
    {
        string[] elements = text.Length == 0 ? [""] : ConfigValue.List(text);
        var count = elements.Length;
        while (text.Length > 0 && count > 0 && elements[count - 1].Length == 0)
        {
            count--;
        }

        return elements.AsSpan(0, count);
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
        // Of a topic Kafka looks at the name, then at the values, and only then whether there is such a topic.
        var before = _view.Image.Configs.Of(type, name);
        var error = type == ConfigResourceType.Topic
            ? ConfigResourceCheck.CheckTopicName(name)
            : IsNamedLater(type) ? _check.CheckResource(type, name) : ApiError.None;
        error = error.IsError ? error : _check.CheckSettings(type, name, before, after);
        error = error.IsError || type != ConfigResourceType.Topic ? error : _check.CheckResource(type, name);
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
            new ElrClearing(_view).Decide(type == ConfigResourceType.Topic ? name : "", records);
        }
    }
}
