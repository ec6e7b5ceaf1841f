using System.Collections.Generic;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>OffsetDelete (47), version 0: forgets offsets of topics that a group no longer consumes.</summary>
/// <remarks>
/// Partitions that do not exist are answered UNKNOWN_TOPIC_OR_PARTITION without the coordinator; what is left goes
/// to it,
/// even if nothing is, since its verdict on the group is the verdict on the request. Knowingly absent: authorization.
/// </remarks>
internal static class OffsetDeleteApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new OffsetDeleteRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var unknown = TakeUnknown(broker, request);
        var error = request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;
        if (error == ErrorCode.None)
        {
            error = broker.Groups.Find(request.GroupId, out var machine);
            if (error == ErrorCode.None)
            {
                machine.Offsets.Delete(request, response => exchange.Answer(Merge(unknown, response)));
                return;
            }
        }

        exchange.Answer(new OffsetDeleteResponse { ErrorCode = (short)error });
    }

    /// <summary>Moves what does not exist out of the request and into answers.</summary>
    private static List<OffsetDeleteResponse.OffsetDeleteResponseTopic> TakeUnknown(
        Broker broker, OffsetDeleteRequest request)
    {
        var unknown = new List<OffsetDeleteResponse.OffsetDeleteResponseTopic>();
        foreach (var topic in request.Topics)
        {
            var answers = new OffsetDeleteResponse.OffsetDeleteResponseTopic { Name = topic.Name };
            foreach (var partition in topic.Partitions)
            {
                if (broker.Metadata.Topics.Find(topic.Name, partition.PartitionIndex) is null)
                {
                    answers.Partitions.Add(new OffsetDeleteResponse.OffsetDeleteResponsePartition
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = (short)ErrorCode.UnknownTopicOrPartition,
                    });
                }
            }

            topic.Partitions.RemoveAll(partition =>
                broker.Metadata.Topics.Find(topic.Name, partition.PartitionIndex) is null);
            if (answers.Partitions.Count > 0)
            {
                unknown.Add(answers);
            }
        }

        request.Topics.RemoveAll(topic => topic.Partitions.Count == 0);
        return unknown;
    }

    private static OffsetDeleteResponse Merge(
        List<OffsetDeleteResponse.OffsetDeleteResponseTopic> unknown, OffsetDeleteResponse response)
    {
        if (response.ErrorCode != 0)
        {
            return response;
        }

        var merged = new OffsetDeleteResponse();
        merged.Topics.AddRange(unknown);
        foreach (var topic in response.Topics)
        {
            if (merged.Topics.Find(one => one.Name == topic.Name) is { } known)
            {
                known.Partitions.AddRange(topic.Partitions);
            }
            else
            {
                merged.Topics.Add(topic);
            }
        }

        return merged;
    }
}
