using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides AssignReplicasToDirs: a broker says in which of its directories replicas lie (KIP-858).</summary>
/// <remarks>
/// A replica that lies in none (<see cref="ReplicaPlacement.Lost"/>) is eligible nowhere, as Kafka has it, until it has come into
/// the ISR anew; nor is it the last known leader. Where it lies then it says again.
/// </remarks>
internal static class DirectoryAssignment
{
    public static AssignReplicasToDirsResponse Decide(
        ControllerView view, AssignReplicasToDirsRequest request, List<MetadataRecord> records)
    {
        var response = new AssignReplicasToDirsResponse();
        if (view.Image.Cluster.Find(request.BrokerId)?.Epoch != request.BrokerEpoch)
        {
            response.ErrorCode = (short)ErrorCode.StaleBrokerEpoch;
            return response;
        }

        var decided = new HashSet<(Uuid, int)>();
        foreach (var directory in request.Directories)
        {
            var answeredDirectory = new AssignReplicasToDirsResponse.DirectoryData { Id = directory.Id };
            response.Directories.Add(answeredDirectory);
            foreach (var asked in directory.Topics)
            {
                var answered = new AssignReplicasToDirsResponse.TopicData { TopicId = asked.TopicId };
                answeredDirectory.Topics.Add(answered);
                foreach (var partition in asked.Partitions)
                {
                    var error = decided.Add((asked.TopicId, partition.PartitionIndex))
                        ? Assign(view, request.BrokerId, directory.Id, asked.TopicId, partition.PartitionIndex, records)
                        : ErrorCode.InvalidRequest;
                    answered.Partitions.Add(new AssignReplicasToDirsResponse.PartitionData
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = (short)error,
                    });
                }
            }
        }

        return response;
    }

    private static ErrorCode Assign(
        ControllerView view, int broker, Uuid directory, Uuid topicId, int index, List<MetadataRecord> records)
    {
        if (view.Image.Topics.Find(topicId) is not { } topic)
        {
            return ErrorCode.UnknownTopicId;
        }

        if ((uint)index >= (uint)topic.Partitions.Count)
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        var partition = topic.Partitions[index];
        var position = Array.IndexOf(partition.Replicas, broker);
        if (position < 0)
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        if (directory == ReplicaPlacement.Lost)
        {
            var change = new PartitionChange(
                topic, index, PartitionPolicy.Of(view, topic.Name), new ActiveBrokers(view.Image.Cluster));
            change.Lose(broker);
            if (change.Build() is { } record)
            {
                records.Add(record);
            }
        }
        else if (partition.Directories[position] != directory)
        {
            var directories = new List<Uuid>(partition.Directories) { [position] = directory };
            records.Add(MetadataRecord.Of(new PartitionChangeRecord
            {
                PartitionId = index,
                TopicId = topicId,
                Directories = directories,
            }));
        }

        return ErrorCode.None;
    }
}
