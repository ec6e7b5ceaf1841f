using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Protocol;

namespace Deterministic.Broker.Controller;

/// <summary>
/// Whether a resource exists and may be altered here, and whether the settings it would get are allowed. The
/// sentences are those that Kafka's administrators know.
/// </summary>
internal sealed class ConfigResourceCheck
{
    private readonly ControllerView _view;
    private readonly bool _isAnyBroker;

    /// <param name="view">What there is.</param>
    /// <param name="isAnyBroker">
    /// The request came by way of another broker, or to the controller itself; else it is meant for this broker alone.
    /// </param>
    public ConfigResourceCheck(ControllerView view, bool isAnyBroker)
    {
        _view = view;
        _isAnyBroker = isAnyBroker;
    }

    /// <summary>The facts of a key, or null where the resource's kind has no such key.</summary>
    public static ConfigDefinition? Find(ConfigResourceType type, string name) => type switch
    {
        ConfigResourceType.Topic => ConfigTable.Topic.Find(name),
        ConfigResourceType.Broker => ConfigTable.Broker.Find(name),
        ConfigResourceType.Group => ConfigTable.Group.Find(name),
        ConfigResourceType.ClientMetrics => ConfigTable.ClientMetrics.Find(name),
        ConfigResourceType.Unknown or ConfigResourceType.BrokerLogger => null,
        _ => null,
    };

    /// <summary>Whether there are resources of this kind at all.</summary>
    public static bool IsKnown(ConfigResourceType type) => type is ConfigResourceType.Topic or ConfigResourceType.Broker
        or ConfigResourceType.BrokerLogger or ConfigResourceType.ClientMetrics or ConfigResourceType.Group;

    public ApiError CheckResource(ConfigResourceType type, string name) => type switch
    {
        ConfigResourceType.Topic => CheckTopic(name),
        ConfigResourceType.Broker => CheckBroker(name),
        ConfigResourceType.BrokerLogger => CheckLogger(name),
        ConfigResourceType.ClientMetrics => name.Length > 0
            ? ApiError.None
            : new ApiError(ErrorCode.InvalidRequest, "Subscription name can't be empty"),
        ConfigResourceType.Group => name.Length > 0
            ? ApiError.None
            : new ApiError(ErrorCode.InvalidRequest, "Default group resources are not allowed."),
        ConfigResourceType.Unknown => UnknownType(type),
        _ => UnknownType(type),
    };

    /// <summary>Judges everything that the resource would have set, and what of it changes.</summary>
    public ApiError CheckSettings(
        ConfigResourceType type,
        string name,
        SortedDictionary<string, string> before,
        SortedDictionary<string, string> after)
    {
        var why = type switch
        {
            ConfigResourceType.Topic => ConfigRules.RefuseTopic(after, _view.Configs),
            ConfigResourceType.Group => ConfigRules.RefuseGroup(after, _view.Configs),
            _ => null,
        };
        if (why is not null)
        {
            return new ApiError(ErrorCode.InvalidConfig, why);
        }

        return type switch
        {
            ConfigResourceType.Broker => CheckBrokerSettings(name, before, after),
            ConfigResourceType.ClientMetrics => ClientMetricsRules.Check(after),
            _ => ApiError.None,
        };
    }

    private static ApiError UnknownType(ConfigResourceType type) => new(
        ErrorCode.InvalidRequest,
        string.Create(CultureInfo.InvariantCulture, $"Unknown resource type {(sbyte)type}"));

    /// <summary>Whether a topic could have this name.</summary>
    public static ApiError CheckTopicName(string name)
    {
        if (name.Length == 0)
        {
            return new ApiError(ErrorCode.InvalidRequest, "Default topic resources are not allowed.");
        }

        return TopicNames.Refuse(name) is { } why
            ? new ApiError(ErrorCode.InvalidTopicException, why)
            : ApiError.None;
    }

    private ApiError CheckTopic(string name)
    {
        var error = CheckTopicName(name);
        if (error.IsError)
        {
            return error;
        }

        return _view.Image.Topics.Find(name) is null
            ? new ApiError(ErrorCode.UnknownTopicOrPartition, "The topic '" + name + "' does not exist.")
            : ApiError.None;
    }

    private ApiError CheckBroker(string name)
    {
        if (name.Length == 0)
        {
            return ApiError.None;
        }

        if (!TryNodeId(name, out var id))
        {
            return new ApiError(ErrorCode.InvalidRequest, "Node id must be an integer, but it is: " + name);
        }

        var isMeant = _isAnyBroker ? _view.Image.Cluster.Find(id) is not null : id == _view.Self.Value;
        return isMeant
            ? ApiError.None
            : new ApiError(ErrorCode.InvalidRequest, string.Create(
                CultureInfo.InvariantCulture,
                $"Unexpected broker id, expected {_view.Self.Value}, but received {name}"));
    }

    /// <summary>Levels of logging belong to the runtime: the kernel knows no logger to set one on.</summary>
    private ApiError CheckLogger(string name)
    {
        if (!TryNodeId(name, out var id))
        {
            return new ApiError(ErrorCode.InvalidRequest, "Node id must be an integer, but it is: " + name);
        }

        return id == _view.Self.Value
            ? new ApiError(ErrorCode.InvalidConfig, "Loggers are not altered through the protocol here.")
            : new ApiError(ErrorCode.InvalidRequest, string.Create(
                CultureInfo.InvariantCulture,
                $"Unexpected node id. Expected {_view.Self.Value}, but received {name}"));
    }

    private static bool TryNodeId(string name, out int id) =>
        int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out id);

    /// <summary>Keys that nobody knows are stored and ignored: they may belong to a plug-in.</summary>
    private static ApiError CheckBrokerSettings(
        string name, SortedDictionary<string, string> before, SortedDictionary<string, string> after)
    {
        var fixedKeys = new List<string>();
        var perBroker = new List<string>();
        var perListener = new List<string>();
        foreach (var (key, value) in after)
        {
            if (ConfigTable.Broker.Find(key) is not { } definition
                || (before.TryGetValue(key, out var old) && old == value))
            {
                continue;
            }

            var list = definition.Update switch
            {
                ConfigUpdate.ReadOnly => fixedKeys,
                ConfigUpdate.PerBroker => name.Length == 0 ? perBroker : null,
                ConfigUpdate.PerListener => perListener,
                ConfigUpdate.ClusterWide or ConfigUpdate.Quota => null,
            };
            list?.Add(key);
        }

        return Refuse("Cannot update these configs dynamically: ", fixedKeys)
            ?? Refuse(
                "These security configs can be dynamically updated only per-listener using the listener prefix: ",
                perListener)
            ?? Refuse(
                "Cannot update these configs at default cluster level, broker id must be specified: ", perBroker)
            ?? RefuseValues(after)
            ?? ApiError.None;
    }

    private static ApiError? Refuse(string sentence, List<string> keys) => keys.Count == 0
        ? null
        : new ApiError(ErrorCode.InvalidRequest, sentence + "[" + string.Join(", ", keys) + "]");

    private static ApiError? RefuseValues(SortedDictionary<string, string> after)
    {
        foreach (var (key, value) in after)
        {
            if (ConfigTable.Broker.Find(key) is { } definition && ConfigValue.Refuse(definition, value) is { } why)
            {
                return new ApiError(ErrorCode.InvalidRequest, why);
            }
        }

        return null;
    }
}
