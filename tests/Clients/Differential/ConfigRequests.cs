using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>Requests that read and change the configurations of topics, brokers and what else has some.</summary>
public static class ConfigRequests
{
    private const sbyte TopicResource = 2;
    private const sbyte BrokerResource = 4;
    private const sbyte LoggerResource = 8;
    private const sbyte MetricsResource = 16;
    private const sbyte GroupResource = 32;

    private static readonly Gen<string> Name = Gen.Elements(
        "retention.ms", "cleanup.policy", "max.message.bytes", "segment.ms", "message.timestamp.type",
        "min.insync.replicas",
        "compression.type", "no.such.config", "", "flush.messages", "leader.replication.throttled.replicas");

    private static readonly Gen<string?> Value = Gen.Elements<string?>(
        "60000", "1", "-1", "0", "-7", "delete", "compact", "compact,delete", "zstd", "none", "CreateTime", "x",
        "", null, "0:1");

    private static readonly Gen<string> BrokerConfig = Gen.Elements(
        "log.retention.ms", "log.cleaner.threads", "num.io.threads", "node.id", "advertised.listeners",
        "no.such.config",
        "log.dirs", "background.threads", "min.insync.replicas", "ssl.keystore.password");

    /// <summary>Type and name; names of topics are the sequence's.</summary>
    private static readonly Gen<(sbyte Type, string Name)> Resource = Gen.Frequency(
        (10, Values.Topic.Select(topic => (TopicResource, topic))),
        (3, Gen.Elements("1", "", "2", "x").Select(broker => (BrokerResource, broker))),
        (1, Gen.Elements<(sbyte, string)>(
            (LoggerResource, "7"), (GroupResource, "g0"), (GroupResource, ""), (MetricsResource, "m"),
            (0, "t0"), (99, "t0"))));

    public static Gen<Step> DescribeConfigs { get; } =
        from version in Values.VersionOf(ApiKey.DescribeConfigs)
        from resources in Values.ListOf(Resource, 1, 2)
        from isAll in Values.Bool
        from keys in Values.ListOf(Gen.OneOf(Name, BrokerConfig), 0, 3)
        from wantsSynonyms in Values.Bool
        from wantsDocumentation in Values.Bool
        select new Step(ApiKey.DescribeConfigs, version, scene => new DescribeConfigsRequest
        {
            Resources = resources.ConvertAll(resource => new DescribeConfigsRequest.DescribeConfigsResource
            {
                ResourceType = resource.Type,
                ResourceName = NameIn(scene, resource),
                ConfigurationKeys = isAll ? null : keys.ConvertAll(key => KeyIn(scene, resource.Type, key)),
            }),
            IncludeSynonyms = wantsSynonyms,
            IncludeDocumentation = wantsDocumentation,
        });

    public static Gen<Step> IncrementalAlterConfigs { get; } =
        from version in Values.VersionOf(ApiKey.IncrementalAlterConfigs)
        from resources in Values.ListOf(Altered(), 1, 2)
        from validateOnly in Values.OneIn(4)
        select new Step(ApiKey.IncrementalAlterConfigs, version, scene => new IncrementalAlterConfigsRequest
        {
            Resources = resources.ConvertAll(altered => new IncrementalAlterConfigsRequest.AlterConfigsResource
            {
                ResourceType = altered.Resource.Type,
                ResourceName = NameIn(scene, altered.Resource),
                Configs = altered.Configs.ConvertAll(config => new IncrementalAlterConfigsRequest.AlterableConfig
                {
                    Name = KeyIn(scene, altered.Resource.Type, config.Name),
                    ConfigOperation = config.Operation,
                    Value = config.Value,
                }),
            }),
            ValidateOnly = validateOnly,
        });

    public static Gen<Step> AlterConfigs { get; } =
        from version in Values.VersionOf(ApiKey.AlterConfigs)
        from altered in Values.ListOf(Altered(), 1, 2)
        let resources = altered.DistinctBy(one => one.Resource).ToList()
        from validateOnly in Values.OneIn(4)
        select new Step(ApiKey.AlterConfigs, version, scene => new AlterConfigsRequest
        {
            Resources = resources.ConvertAll(altered => new AlterConfigsRequest.AlterConfigsResource
            {
                ResourceType = altered.Resource.Type,
                ResourceName = NameIn(scene, altered.Resource),
                Configs = altered.Configs.ConvertAll(config => new AlterConfigsRequest.AlterableConfig
                {
                    Name = KeyIn(scene, altered.Resource.Type, config.Name),
                    Value = config.Value,
                }),
            }),
            // It would take from a broker also what other sequences have set on it.
            ValidateOnly = validateOnly || resources.Exists(altered => altered.Resource.Type == BrokerResource),
        });

    /// <summary>
    /// Brokers are altered only by what fails: what succeeds would stay for all later sequences. No name comes
    /// twice in a resource and no resource twice in a request: Kafka 4.3.1 does not answer such an AlterConfigs at
    /// all.
    /// </summary>
    private static Gen<((sbyte Type, string Name) Resource,
        List<(string Name, sbyte Operation, string? Value)> Configs)> Altered() =>
        from resource in Resource
        from configs in Values.ListOf(
            from name in Name
            from brokerName in Gen.Elements("node.id", "no.such.config", "log.dirs")
            from operation in Gen.Frequency((6, Gen.Constant((sbyte)0)), (3, Gen.Elements<sbyte>(1, 2, 3)),
                (1, Gen.Elements<sbyte>(4, -1)))
            from value in Value
            select (resource.Type == TopicResource ? name : brokerName, operation, value),
            1, 2)
        select (resource, configs.DistinctBy(config => config.Item1).ToList());

    private static string KeyIn(Scene scene, sbyte type, string key) =>
        type == BrokerResource ? scene.BrokerConfig(key) : key;

    private static string NameIn(Scene scene, (sbyte Type, string Name) resource) => resource.Type switch
    {
        TopicResource => scene.Topic(resource.Name),
        GroupResource => scene.Group(resource.Name),
        _ => resource.Name,
    };
}
