using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides CreateTopics, with every check that Kafka makes and in its order.</summary>
/// <remarks>
/// Each topic stands or falls by itself. Order for one topic: name, existence, collision, configurations, then
/// assignment or replication factor and partition count, then placement. A request for too many partitions falls as a
/// whole.
/// </remarks>
internal sealed class TopicCreation
{
    /// <summary>Bound, Kafka's own: partitions that one request may create.</summary>
    public const int MaxPartitionsPerRequest = 10_000;

    private const string TooManyPartitions = "Excessively large number of partitions per request.";

    private readonly ControllerView _view;
    private readonly ReplicaPlacement _placement;

    public TopicCreation(ControllerView view)
    {
        _view = view;
        _placement = new ReplicaPlacement(view);
    }

    /// <summary>Topics named twice and the metadata log come last in the answer, as Kafka has it.</summary>
    public CreateTopicsResponse Decide(CreateTopicsRequest request, List<MetadataRecord> records)
    {
        var response = new CreateTopicsResponse();
        var seen = new NameCounts();
        var isTooLarge = IsTooLarge(request);
        foreach (var topic in request.Topics)
        {
            seen.Add(topic.Name);
        }

        foreach (var topic in request.Topics)
        {
            if (seen.CountOf(topic.Name) == 1 && topic.Name != TopicNames.ClusterMetadata)
            {
                response.Topics.Add(isTooLarge
                    ? Refused(topic.Name, new ApiError(ErrorCode.PolicyViolation, TooManyPartitions))
                    : Decide(topic, records));
            }
        }

        foreach (var name in seen.Repeated)
        {
            response.Topics.Add(Refused(name, new ApiError(ErrorCode.InvalidRequest, "Duplicate topic name.")));
        }

        if (seen.CountOf(TopicNames.ClusterMetadata) == 1)
        {
            response.Topics.Add(Refused(TopicNames.ClusterMetadata, new ApiError(
                ErrorCode.InvalidRequest, "Creation of internal topic __cluster_metadata is prohibited.")));
        }

        return response;
    }

    /// <summary>One topic: its records are added where it may be created, and nothing where not.</summary>
    public CreateTopicsResponse.CreatableTopicResult Decide(
        CreateTopicsRequest.CreatableTopic topic, List<MetadataRecord> records)
    {
        var error = CheckName(topic.Name);
        if (error.IsError)
        {
            return Refused(topic.Name, error);
        }

        var configs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        error = CheckConfigs(topic, configs);
        if (error.IsError)
        {
            return Refused(topic.Name, error);
        }

        var placed = new List<int[]>();
        error = topic.Assignments.Count > 0 ? TakeAssignments(topic, placed) : Place(topic, placed);
        if (error.IsError)
        {
            return Refused(topic.Name, error);
        }

        var id = Uuid.Random(_view.Prng);
        AddRecords(topic.Name, id, configs, placed, records);
        return Created(topic.Name, id, configs, placed);
    }

    private static bool IsTooLarge(CreateTopicsRequest request)
    {
        var total = 0L;
        foreach (var topic in request.Topics)
        {
            total += topic.Assignments.Count > 0 ? topic.Assignments.Count : Math.Max(topic.NumPartitions, 0);
        }

        return total > MaxPartitionsPerRequest;
    }

    public static CreateTopicsResponse.CreatableTopicResult Refused(string name, ApiError error) => new()
    {
        Name = name,
        ErrorCode = (short)error.Code,
        ErrorMessage = error.Message,
        NumPartitions = -1,
        ReplicationFactor = -1,
        Configs = [],
    };

    private ApiError CheckName(string name)
    {
        if (TopicNames.Refuse(name) is { } why)
        {
            return new ApiError(ErrorCode.InvalidTopicException, why);
        }

        if (_view.Image.Topics.Find(name) is not null)
        {
            return new ApiError(ErrorCode.TopicAlreadyExists, "Topic '" + name + "' already exists.");
        }

        return _view.Image.Topics.CollidingWith(name) is { } other
            ? new ApiError(
                ErrorCode.InvalidTopicException, "Topic '" + name + "' collides with existing topic: " + other)
            : ApiError.None;
    }

    private ApiError CheckConfigs(
        CreateTopicsRequest.CreatableTopic topic, SortedDictionary<string, string> configs)
    {
        string? missing = null;
        foreach (var config in topic.Configs)
        {
            missing ??= config.Value is null ? config.Name : null;
            configs[config.Name] = config.Value ?? "";
        }

        if (missing is not null && ConfigTable.Topic.Find(missing) is not null)
        {
            return new ApiError(ErrorCode.InvalidConfig, "Null value not supported for topic configs: " + missing);
        }

        return ConfigRules.RefuseTopic(configs, _view.Configs) is { } why
            ? new ApiError(ErrorCode.InvalidConfig, why)
            : ApiError.None;
    }

    private ApiError TakeAssignments(CreateTopicsRequest.CreatableTopic topic, List<int[]> placed)
    {
        if (topic.ReplicationFactor != -1)
        {
            return new ApiError(
                ErrorCode.InvalidRequest,
                "A manual partition assignment was specified, but replication factor was not set to -1.");
        }

        if (topic.NumPartitions != -1)
        {
            return new ApiError(
                ErrorCode.InvalidRequest,
                "A manual partition assignment was specified, but numPartitions was not set to -1.");
        }

        var byIndex = new SortedDictionary<int, int[]>();
        var factor = 0;
        foreach (var assignment in topic.Assignments)
        {
            if (byIndex.ContainsKey(assignment.PartitionIndex))
            {
                return new ApiError(
                    ErrorCode.InvalidReplicaAssignment,
                    FormattableString.Invariant(
                        $"Found multiple manual partition assignments for partition {assignment.PartitionIndex}"));
            }

            var error = _placement.Check(assignment.BrokerIds, factor);
            if (error.IsError)
            {
                return error;
            }

            factor = assignment.BrokerIds.Count;
            byIndex.Add(assignment.PartitionIndex, assignment.BrokerIds.ToArray());
        }

        foreach (var (index, replicas) in byIndex)
        {
            if (index != placed.Count)
            {
                return new ApiError(
                    ErrorCode.InvalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence");
            }

            var error = _placement.CheckAlive(replicas, index);
            if (error.IsError)
            {
                return error;
            }

            placed.Add(replicas);
        }

        return ApiError.None;
    }

    private ApiError Place(CreateTopicsRequest.CreatableTopic topic, List<int[]> placed)
    {
        if (topic.ReplicationFactor is < -1 or 0)
        {
            return new ApiError(
                ErrorCode.InvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default value.");
        }

        if (topic.NumPartitions is < -1 or 0)
        {
            return new ApiError(
                ErrorCode.InvalidPartitions, "Number of partitions was set to an invalid non-positive value.");
        }

        var partitions = topic.NumPartitions == -1
            ? (int)_view.Configs.BrokerLong("num.partitions")
            : topic.NumPartitions;
        var factor = topic.ReplicationFactor == -1
            ? (int)_view.Configs.BrokerLong("default.replication.factor")
            : topic.ReplicationFactor;
        return _placement.TryPlace(partitions, factor, placed);
    }

    private void AddRecords(
        string name,
        Uuid id,
        SortedDictionary<string, string> configs,
        List<int[]> placed,
        List<MetadataRecord> records)
    {
        records.Add(MetadataRecord.Of(new TopicRecord { Name = name, TopicId = id }));
        foreach (var (key, value) in configs)
        {
            records.Add(MetadataRecord.Of(new ConfigRecord
            {
                ResourceType = (sbyte)ConfigResourceType.Topic,
                ResourceName = name,
                Name = key,
                Value = value,
            }));
        }

        for (var index = 0; index < placed.Count; index++)
        {
            records.Add(PartitionCreation.Partition(_placement, id, index, placed[index]));
        }
    }

    private CreateTopicsResponse.CreatableTopicResult Created(
        string name, Uuid id, SortedDictionary<string, string> configs, List<int[]> placed)
    {
        var result = new CreateTopicsResponse.CreatableTopicResult
        {
            Name = name,
            TopicId = id,
            ErrorMessage = null,
            NumPartitions = placed.Count,
            ReplicationFactor = (short)placed[0].Length,
            Configs = [],
        };
        foreach (var definition in ConfigTable.Topic.All)
        {
            if (!definition.IsInternal || configs.ContainsKey(definition.Name))
            {
                var config = _view.Configs.DescribeTopic(configs, definition);
                result.Configs.Add(new CreateTopicsResponse.CreatableTopicConfigs
                {
                    Name = definition.Name,
                    Value = config.Value,
                    ConfigSource = (sbyte)config.Source,
                });
            }
        }

        return result;
    }
}
