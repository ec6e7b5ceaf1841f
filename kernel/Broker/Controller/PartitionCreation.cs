using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides CreatePartitions: more partitions for topics that exist.</summary>
internal sealed class PartitionCreation
{
    private readonly ControllerView _view;
    private readonly ReplicaPlacement _placement;

    public PartitionCreation(ControllerView view)
    {
        _view = view;
        _placement = new ReplicaPlacement(view);
    }

    /// <summary>Answers for every topic; topics named twice are refused, and answered first, as Kafka does.</summary>
    public CreatePartitionsResponse Decide(CreatePartitionsRequest request, List<MetadataRecord> records)
    {
        var response = new CreatePartitionsResponse();
        var seen = new NameCounts();
        foreach (var topic in request.Topics)
        {
            seen.Add(topic.Name);
        }

        foreach (var name in seen.Repeated)
        {
            response.Results.Add(Result(name, new ApiError(ErrorCode.InvalidRequest, "Duplicate topic name.")));
        }

        var budget = TopicCreation.MaxPartitionsPerRequest;
        foreach (var topic in request.Topics)
        {
            if (seen.CountOf(topic.Name) == 1)
            {
                response.Results.Add(Result(topic.Name, Decide(topic, records, ref budget)));
            }
        }

        return response;
    }

    /// <summary>The record that brings one partition into being, led by its first replica that is alive.</summary>
    internal static MetadataRecord Partition(ReplicaPlacement placement, Uuid topicId, int index, int[] replicas)
    {
        var alive = placement.AliveOf(replicas);
        var record = new PartitionRecord
        {
            PartitionId = index,
            TopicId = topicId,
            Replicas = new List<int>(replicas),
            Isr = alive,
            Leader = alive[0],
            LeaderEpoch = 0,
            PartitionEpoch = 0,
        };
        foreach (var replica in replicas)
        {
            record.Directories.Add(placement.DirectoryOf(replica));
        }

        return MetadataRecord.Of(record);
    }

    private ApiError Decide(
        CreatePartitionsRequest.CreatePartitionsTopic asked, List<MetadataRecord> records, ref int budget)
    {
        if (_view.Image.Topics.Find(asked.Name) is not { } topic)
        {
            return new ApiError(ErrorCode.UnknownTopicOrPartition, null);
        }

        var current = topic.Partitions.Count;
        if (asked.Count == current)
        {
            return new ApiError(
                ErrorCode.InvalidPartitions,
                string.Create(CultureInfo.InvariantCulture, $"Topic already has {current} partition(s)."));
        }

        if (asked.Count < current)
        {
            return new ApiError(ErrorCode.InvalidPartitions, string.Create(
                CultureInfo.InvariantCulture,
                $"The topic {asked.Name} currently has {current} partition(s); "
                + $"{asked.Count} would not be an increase."));
        }

        var added = asked.Count - current;
        if (added > budget)
        {
            // Kafka's controller trips over its own bound here and says no more than this.
            return new ApiError(ErrorCode.UnknownServerError, null);
        }

        var placed = new List<int[]>();
        var error = Place(asked, topic, added, placed);
        if (error.IsError)
        {
            return error;
        }

        budget -= added;
        for (var i = 0; i < added; i++)
        {
            records.Add(Partition(_placement, topic.Id, current + i, placed[i]));
        }

        return ApiError.None;
    }

    private ApiError Place(
        CreatePartitionsRequest.CreatePartitionsTopic asked, TopicImage topic, int added, List<int[]> placed)
    {
        var factor = topic.Partitions[0].Replicas.Length;
        if (asked.Assignments is not { } assignments)
        {
            return _placement.TryPlace(added, factor, placed);
        }

        if (assignments.Count != added)
        {
            return new ApiError(ErrorCode.InvalidReplicaAssignment, string.Create(
                CultureInfo.InvariantCulture,
                $"Attempted to add {added} additional partition(s), but only {assignments.Count} assignment(s) "
                + $"were specified."));
        }

        foreach (var assignment in assignments)
        {
            var error = _placement.Check(assignment.BrokerIds, factor);
            error = error.IsError
                ? error
                : _placement.CheckAlive(assignment.BrokerIds.ToArray(), topic.Partitions.Count + placed.Count);
            if (error.IsError)
            {
                return error;
            }

            placed.Add(assignment.BrokerIds.ToArray());
        }

        return ApiError.None;
    }

    internal static CreatePartitionsResponse.CreatePartitionsTopicResult Result(string name, ApiError error) =>
        new() { Name = name, ErrorCode = (short)error.Code, ErrorMessage = error.Message };
}
