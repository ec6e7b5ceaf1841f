using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// Decides AlterPartitionReassignments and answers ListPartitionReassignments: partitions move to other brokers (KIP-455).
/// </summary>
/// <remarks>
/// As long as a move lasts, the partition has the replicas it shall have and those it had. It ends by itself, in <see
/// cref="PartitionChange"/>, when the leader has taken the new ones into the ISR. Another move replaces the first: what the
/// first had added and the second does not want is gone at once, and where that were all who hold the records, the
/// request is refused. To cancel is to move back to where the partition was.
/// </remarks>
internal sealed class Reassignment
{
    private readonly ControllerView _view;
    private readonly ReplicaPlacement _placement;

    public Reassignment(ControllerView view)
    {
        _view = view;
        _placement = new ReplicaPlacement(view);
    }

    public AlterPartitionReassignmentsResponse Decide(
        AlterPartitionReassignmentsRequest request, List<MetadataRecord> records)
    {
        var response = new AlterPartitionReassignmentsResponse
        {
            AllowReplicationFactorChange = request.AllowReplicationFactorChange,
            ErrorMessage = null,
        };
        foreach (var asked in request.Topics)
        {
            var answered = new AlterPartitionReassignmentsResponse.ReassignableTopicResponse { Name = asked.Name };
            response.Responses.Add(answered);
            var decided = new HashSet<int>();
            foreach (var partition in asked.Partitions)
            {
                var error = decided.Add(partition.PartitionIndex)
                    ? Decide(asked.Name, partition, request.AllowReplicationFactorChange, records)
                    : new ApiError(ErrorCode.InvalidRequest, "The partition is named more than once.");
                answered.Partitions.Add(new AlterPartitionReassignmentsResponse.ReassignablePartitionResponse
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = (short)error.Code,
                    ErrorMessage = error.Message,
                });
            }
        }

        return response;
    }

    /// <summary>What moves now, of the partitions asked for, or of all.</summary>
    public static ListPartitionReassignmentsResponse List(
        MetadataImage image, ListPartitionReassignmentsRequest request)
    {
        var response = new ListPartitionReassignmentsResponse { ErrorMessage = null };
        if (request.Topics is not { } named)
        {
            foreach (var topic in image.Topics.All)
            {
                List(topic, null, response);
            }

            return response;
        }

        foreach (var asked in named)
        {
            if (image.Topics.Find(asked.Name) is { } topic)
            {
                List(topic, asked.PartitionIndexes, response);
            }
        }

        return response;
    }

    private static void List(TopicImage topic, List<int>? wanted, ListPartitionReassignmentsResponse response)
    {
        var moving = new ListPartitionReassignmentsResponse.OngoingTopicReassignment { Name = topic.Name };
        for (var index = 0; index < topic.Partitions.Count; index++)
        {
            var partition = topic.Partitions[index];
            if (IsMoving(partition) && (wanted is null || wanted.Contains(index)))
            {
                moving.Partitions.Add(new ListPartitionReassignmentsResponse.OngoingPartitionReassignment
                {
                    PartitionIndex = index,
                    Replicas = new List<int>(partition.Replicas),
                    AddingReplicas = new List<int>(partition.AddingReplicas),
                    RemovingReplicas = new List<int>(partition.RemovingReplicas),
                });
            }
        }

        if (moving.Partitions.Count > 0)
        {
            response.Topics.Add(moving);
        }
    }

    private static bool IsMoving(PartitionRegistration partition) =>
        partition.AddingReplicas.Length > 0 || partition.RemovingReplicas.Length > 0;

    private ApiError Decide(
        string name,
        AlterPartitionReassignmentsRequest.ReassignablePartition asked,
        bool mayChangeFactor,
        List<MetadataRecord> records)
    {
        var index = asked.PartitionIndex;
        if (_view.Image.Topics.Find(name) is not { } topic)
        {
            return new ApiError(ErrorCode.UnknownTopicOrPartition, "Unable to find a topic named " + name + ".");
        }

        if ((uint)index >= (uint)topic.Partitions.Count)
        {
            return new ApiError(
                ErrorCode.UnknownTopicOrPartition,
                FormattableString.Invariant($"Unable to find partition {name}:{index}."));
        }

        var partition = topic.Partitions[index];
        var original = OriginalOf(partition);
        if (asked.Replicas is not { } target)
        {
            return IsMoving(partition)
                ? Move(topic, index, original, original, records)
                : new ApiError(ErrorCode.NoReassignmentInProgress, "No partition reassignment is in progress.");
        }

        var error = _placement.Check(target, 0);
        if (error.IsError)
        {
            return error;
        }

        if (!mayChangeFactor && target.Count != original.Count)
        {
            return new ApiError(ErrorCode.InvalidReplicationFactor, FormattableString.Invariant(
                $"The replication factor is changed from {original.Count} to {target.Count}"));
        }

        return Move(topic, index, original, target, records);
    }

    /// <summary>Where the partition was before a move that is under way, in the order it had.</summary>
    private static List<int> OriginalOf(PartitionRegistration partition)
    {
        var original = new List<int>();
        foreach (var replica in partition.Replicas)
        {
            if (Array.IndexOf(partition.AddingReplicas, replica) < 0)
            {
                original.Add(replica);
            }
        }

        return original;
    }

    private ApiError Move(
        TopicImage topic, int index, List<int> original, List<int> target, List<MetadataRecord> records)
    {
        var partition = topic.Partitions[index];
        var removing = original.FindAll(replica => !target.Contains(replica));
        var adding = target.FindAll(replica => !original.Contains(replica));
        var replicas = new List<int>(target);
        replicas.AddRange(removing);
        if (!IsAnyKept(partition, replicas))
        {
            return new ApiError(ErrorCode.InvalidReplicaAssignment, string.Create(
                CultureInfo.InvariantCulture,
                $"Unable to revert partition assignment for {topic.Name}:{index} because it would require an unclean "
                + $"leader election."));
        }

        var policy = PartitionPolicy.Of(_view, topic.Name);
        var change = new PartitionChange(topic, index, policy, new ActiveBrokers(_view.Image.Cluster))
        {
            DirectoryOf = _placement.DirectoryOf,
        };
        change.SetReplicas(replicas, adding, removing);
        if (change.Build() is { } record)
        {
            records.Add(record);
        }

        return ApiError.None;
    }

    /// <summary>
    /// Somebody must stay of those who hold every record; where there are none, the last known leader, who holds most.
    /// </summary>
    private static bool IsAnyKept(PartitionRegistration partition, List<int> replicas) =>
        partition.Isr.Length + partition.Elr.Length > 0
            ? Array.Exists(partition.Isr, replicas.Contains) || Array.Exists(partition.Elr, replicas.Contains)
            : partition.LastKnownElr.Length == 0 || Array.Exists(partition.LastKnownElr, replicas.Contains);
}
