using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// Decides ElectLeaders: preferred leaders, or for partitions without one any replica alive (KIP-460); and elects preferred
/// leaders by itself from time to time (<c>auto.leader.rebalance.enable</c>).
/// </summary>
/// <remarks>
/// A partition that has what was asked for is answered ELECTION_NOT_NEEDED where it was named, and left out where all were
/// meant.
/// </remarks>
internal sealed class LeaderElection
{
    private const sbyte Unclean = 1;

    private readonly ControllerView _view;

    public LeaderElection(ControllerView view)
    {
        _view = view;
    }

    public ElectLeadersResponse Decide(ElectLeadersRequest request, List<MetadataRecord> records)
    {
        var response = new ElectLeadersResponse();
        if (request.ElectionType is not (0 or Unclean))
        {
            response.ErrorCode = (short)ErrorCode.InvalidRequest;
            return response;
        }

        var kind = request.ElectionType == Unclean ? ElectionKind.Unclean : ElectionKind.Preferred;
        if (request.TopicPartitions is not { } named)
        {
            foreach (var topic in _view.Image.Topics.All)
            {
                ElectAll(topic, kind, response, records);
            }

            return response;
        }

        foreach (var asked in named)
        {
            var result = new ElectLeadersResponse.ReplicaElectionResult { Topic = asked.Topic };
            response.ReplicaElectionResults.Add(result);
            var topic = _view.Image.Topics.Find(asked.Topic);
            var decided = new HashSet<int>();
            foreach (var index in asked.Partitions)
            {
                if (decided.Add(index))
                {
                    result.PartitionResult.Add(Result(index, Elect(asked.Topic, topic, index, kind, records)));
                }
            }
        }

        return response;
    }

    /// <summary>Preferred leaders where another leads now, as many as the bound allows; true where more are left.</summary>
    public bool Rebalance(int atMost, List<MetadataRecord> records)
    {
        foreach (var topic in _view.Image.Topics.All)
        {
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                if (records.Count >= atMost)
                {
                    return true;
                }

                Elect(topic.Name, topic, index, ElectionKind.Preferred, records);
            }
        }

        return false;
    }

    private void ElectAll(
        TopicImage topic, ElectionKind kind, ElectLeadersResponse response, List<MetadataRecord> records)
    {
        var result = new ElectLeadersResponse.ReplicaElectionResult { Topic = topic.Name };
        for (var index = 0; index < topic.Partitions.Count; index++)
        {
            var error = Elect(topic.Name, topic, index, kind, records);
            if (error.Code != ErrorCode.ElectionNotNeeded)
            {
                result.PartitionResult.Add(Result(index, error));
            }
        }

        if (result.PartitionResult.Count > 0)
        {
            response.ReplicaElectionResults.Add(result);
        }
    }

    private ApiError Elect(
        string name, TopicImage? topic, int index, ElectionKind kind, List<MetadataRecord> records)
    {
        if (topic is null)
        {
            return new ApiError(ErrorCode.UnknownTopicOrPartition, "No such topic as " + name);
        }

        if ((uint)index >= (uint)topic.Partitions.Count)
        {
            return new ApiError(
                ErrorCode.UnknownTopicOrPartition, FormattableString.Invariant($"No such partition as {name}-{index}"));
        }

        var partition = topic.Partitions[index];
        var hasWhatIsAsked = kind == ElectionKind.Preferred
            ? partition.Leader == partition.Replicas[0]
            : partition.Leader != PartitionRegistration.NoLeader;
        if (hasWhatIsAsked)
        {
            return new ApiError(ErrorCode.ElectionNotNeeded, "Leader election not needed for topic partition.");
        }

        var policy = PartitionPolicy.Of(_view, topic.Name);
        var change = new PartitionChange(topic, index, policy, new ActiveBrokers(_view.Image.Cluster)) { Election = kind };
        if (change.Build() is { } record && ((PartitionChangeRecord)record.Message).Leader >= 0)
        {
            records.Add(record);
            return ApiError.None;
        }

        return kind == ElectionKind.Preferred
            ? new ApiError(ErrorCode.PreferredLeaderNotAvailable, "The preferred leader was not available.")
            : new ApiError(
                ErrorCode.EligibleLeadersNotAvailable, "Eligible topic partition leaders are not available.");
    }

    private static ElectLeadersResponse.PartitionResult Result(int index, ApiError error) => new()
    {
        PartitionId = index,
        ErrorCode = (short)error.Code,
        ErrorMessage = error.Message,
    };
}
