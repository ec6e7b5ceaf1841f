using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// DescribeConfigs (32), versions 1 to 4: every configuration in force, and the levels it comes from.
/// </summary>
/// <remarks>
/// Entries are sorted by name; Kafka's come in the order of a hash table. Knowingly absent: documentation (null, as
/// where it
/// was not asked for), and loggers, of which the kernel has none: a broker's loggers are an empty list.
/// </remarks>
internal static class DescribeConfigsApi
{
    private const string UnknownResourceType =
        "This most likely occurs because of a request being malformed by the client library or the message was sent to "
        + "an incompatible broker. See the broker logs for more details.";

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DescribeConfigsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var isRefused = NamesUnknownType(request);
        var response = new DescribeConfigsResponse();
        foreach (var resource in request.Resources)
        {
            response.Results.Add(isRefused
                ? Refuse(resource, new ApiError(ErrorCode.InvalidRequest, UnknownResourceType))
                : Describe(broker, resource, request.IncludeSynonyms));
        }

        exchange.Answer(response);
    }

    /// <summary>One resource of a type that does not exist and Kafka answers none of them.</summary>
    private static bool NamesUnknownType(DescribeConfigsRequest request)
    {
        foreach (var resource in request.Resources)
        {
            if ((ConfigResourceType)resource.ResourceType is not (ConfigResourceType.Topic or ConfigResourceType.Broker
                or ConfigResourceType.BrokerLogger or ConfigResourceType.ClientMetrics or ConfigResourceType.Group))
            {
                return true;
            }
        }

        return false;
    }

    private static DescribeConfigsResponse.DescribeConfigsResult Refuse(
        DescribeConfigsRequest.DescribeConfigsResource resource, ApiError error) => new()
        {
            ErrorCode = (short)error.Code,
            ErrorMessage = error.Message ?? "",
            ResourceType = resource.ResourceType,
            ResourceName = resource.ResourceName,
        };

    private static DescribeConfigsResponse.DescribeConfigsResult Describe(
        Broker broker, DescribeConfigsRequest.DescribeConfigsResource resource, bool withSynonyms)
    {
        var result = new DescribeConfigsResponse.DescribeConfigsResult
        {
            ErrorMessage = "",
            ResourceType = resource.ResourceType,
            ResourceName = resource.ResourceName,
        };
        var type = (ConfigResourceType)resource.ResourceType;
        var error = Check(broker, type, resource.ResourceName);
        if (error.IsError)
        {
            result.ErrorCode = (short)error.Code;
            result.ErrorMessage = error.Message ?? "";
            return result;
        }

        var wanted = Wanted(resource.ConfigurationKeys);
        foreach (var config in Entries(broker, type, resource.ResourceName))
        {
            if (wanted is null || wanted.Contains(config.Definition.Name))
            {
                result.Configs.Add(Entry(config, type, withSynonyms));
            }
        }

        return result;
    }

    /// <summary>No keys and an empty list both mean every key.</summary>
    private static HashSet<string>? Wanted(List<string>? keys)
    {
        if (keys is null or { Count: 0 })
        {
            return null;
        }

        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            wanted.Add(key);
        }

        return wanted;
    }

    private static ApiError Check(Broker broker, ConfigResourceType type, string name) => type switch
    {
        ConfigResourceType.Topic when TopicNames.Refuse(name) is { } why =>
            new ApiError(ErrorCode.InvalidTopicException, why),
        ConfigResourceType.Topic => broker.Metadata.Topics.Find(name) is null
            ? new ApiError(ErrorCode.UnknownTopicOrPartition, null)
            : ApiError.None,
        ConfigResourceType.Broker => name.Length == 0 ? ApiError.None : CheckBroker(broker, name, " or empty string,"),
        ConfigResourceType.BrokerLogger => name.Length == 0
            ? new ApiError(ErrorCode.InvalidRequest, "Broker id must not be empty")
            : CheckBroker(broker, name, ""),
        ConfigResourceType.ClientMetrics => name.Length == 0
            ? new ApiError(ErrorCode.InvalidRequest, "Client metrics subscription name must not be empty")
            : ApiError.None,
        ConfigResourceType.Group => name.Length == 0
            ? new ApiError(ErrorCode.InvalidRequest, "Group name must not be empty")
            : ApiError.None,
        _ => new ApiError(ErrorCode.InvalidRequest, UnknownResourceType),
    };

    private static ApiError CheckBroker(Broker broker, string name, string alternative)
    {
        if (!int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
        {
            return new ApiError(ErrorCode.InvalidRequest, "Broker id must be an integer, but it is: " + name);
        }

        var self = broker.Options.BrokerId.Value;
        return id == self
            ? ApiError.None
            : new ApiError(ErrorCode.InvalidRequest, string.Create(
                CultureInfo.InvariantCulture,
                $"Unexpected broker id, expected {self}{alternative} but received {name}"));
    }

    private static List<EffectiveConfig> Entries(Broker broker, ConfigResourceType type, string name)
    {
        var set = broker.Metadata.Configs.Of(type, name);
        var found = new List<EffectiveConfig>();
        if (type == ConfigResourceType.Broker)
        {
            AddBroker(broker, name, set, found);
            return found;
        }

        var table = type switch
        {
            ConfigResourceType.Topic => ConfigTable.Topic.All,
            ConfigResourceType.Group => ConfigTable.Group.All,
            ConfigResourceType.ClientMetrics => ConfigTable.ClientMetrics.All,
            _ => [],
        };
        foreach (var definition in table)
        {
            if (!definition.IsInternal || set.ContainsKey(definition.Name))
            {
                found.Add(type switch
                {
                    ConfigResourceType.Topic => broker.Configs.DescribeTopic(set, definition),
                    ConfigResourceType.Group => broker.Configs.DescribeGroup(set, definition),
                    _ => DescribeClientMetrics(set, definition),
                });
            }
        }

        return found;
    }

    /// <summary>
    /// The default of all brokers shows only what was set there; one broker shows everything it has.
    /// </summary>
    private static void AddBroker(
        Broker broker, string name, SortedDictionary<string, string> set, List<EffectiveConfig> found)
    {
        if (name.Length == 0)
        {
            foreach (var (key, value) in set)
            {
                var definition = ConfigTable.Broker.Find(key) ?? Unknown(key);
                found.Add(new EffectiveConfig(
                    definition, value, [new ConfigSynonym(key, value, ConfigSource.DynamicDefaultBroker)]));
            }

            return;
        }

        foreach (var definition in ConfigTable.Broker.All)
        {
            if (!definition.IsInternal && definition.Update != ConfigUpdate.Quota)
            {
                found.Add(broker.Configs.DescribeBroker(definition));
            }
        }

        foreach (var (key, _) in set)
        {
            if (ConfigTable.Broker.Find(key) is not { Update: not ConfigUpdate.Quota })
            {
                found.Add(broker.Configs.DescribeBroker(Unknown(key)));
            }
        }

        foreach (var (key, _) in broker.Metadata.Configs.Of(ConfigResourceType.Broker, ""))
        {
            if (ConfigTable.Broker.Find(key) is null && !set.ContainsKey(key))
            {
                found.Add(broker.Configs.DescribeBroker(Unknown(key)));
            }
        }
    }

    private static EffectiveConfig DescribeClientMetrics(
        SortedDictionary<string, string> set, ConfigDefinition definition) =>
        set.TryGetValue(definition.Name, out var value)
            ? new EffectiveConfig(
                definition, value, [new ConfigSynonym(definition.Name, value, ConfigSource.ClientMetrics)])
            : new EffectiveConfig(definition, definition.Default, []);

    /// <summary>A key of nobody's knowledge might be a secret, so its value is kept back.</summary>
    private static ConfigDefinition Unknown(string key) => new(
        key, ConfigType.Unknown, null, ConfigConstraint.Parse("any"), null, ConfigUpdate.ReadOnly);

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Entry(
        EffectiveConfig config, ConfigResourceType type, bool withSynonyms)
    {
        var definition = config.Definition;
        var isSecret = definition.IsSensitive || definition.Type == ConfigType.Unknown;
        var entry = new DescribeConfigsResponse.DescribeConfigsResourceResult
        {
            Name = definition.Name,
            Value = isSecret ? null : config.Value,
            ReadOnly = type == ConfigResourceType.Broker && definition.Update == ConfigUpdate.ReadOnly,
            ConfigSource = (sbyte)config.Source,
            IsSensitive = isSecret,
            ConfigType = (sbyte)definition.Type,
            Documentation = null,
        };
        if (!withSynonyms)
        {
            return entry;
        }

        foreach (var synonym in config.Synonyms)
        {
            entry.Synonyms.Add(new DescribeConfigsResponse.DescribeConfigsSynonym
            {
                Name = synonym.Name,
                Value = isSecret ? null : synonym.Value,
                Source = (sbyte)synonym.Source,
            });
        }

        return entry;
    }
}
