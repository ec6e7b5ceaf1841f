using System.Collections.Generic;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>OffsetCommit (8), versions 2 to 10: a group notes how far it has consumed.</summary>
/// <remarks>
/// Partitions that do not exist are answered at once, in front; the coordinator is asked for the rest, if there is
/// any. The
/// empty group id is a group like others, for clients of old. Knowingly absent: authorization, members of KIP-848
/// groups.
/// </remarks>
internal static class OffsetCommitApi
{
    private const short FirstWithTopicIds = 10;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new OffsetCommitRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var response = new OffsetCommitResponse();
        var known = new List<OffsetCommitRequest.OffsetCommitRequestTopic>();
        foreach (var topic in request.Topics)
        {
            Resolve(broker, exchange.Version, topic, known, response);
        }

        if (known.Count == 0)
        {
            exchange.Answer(response);
            return;
        }

        request.Topics.Clear();
        request.Topics.AddRange(known);
        var error = broker.Groups.Find(request.GroupId, out var machine);
        if (error == ErrorCode.None)
        {
            machine.Offsets.Commit(request, exchange.Version, committed => Answer(exchange, response, committed));
        }
        else
        {
            Answer(exchange, response, GroupOffsets.AllFail(request, error));
        }
    }

    private static void Resolve(
        Broker broker,
        short version,
        OffsetCommitRequest.OffsetCommitRequestTopic topic,
        List<OffsetCommitRequest.OffsetCommitRequestTopic> known,
        OffsetCommitResponse response)
    {
        var image = version >= FirstWithTopicIds
            ? broker.Metadata.Topics.Find(topic.TopicId)
            : broker.Metadata.Topics.Find(topic.Name);
        if (image is null)
        {
            var error = version >= FirstWithTopicIds
                ? ErrorCode.UnknownTopicId
                : ErrorCode.UnknownTopicOrPartition;
            AddErrors(response, topic, topic.Partitions, error);
            return;
        }

        topic.Name = image.Name;
        topic.TopicId = image.Id;
        var missing = topic.Partitions.FindAll(partition => !Exists(image, partition.PartitionIndex));
        if (missing.Count > 0)
        {
            AddErrors(response, topic, missing, ErrorCode.UnknownTopicOrPartition);
            topic.Partitions.RemoveAll(partition => !Exists(image, partition.PartitionIndex));
        }

        if (topic.Partitions.Count > 0)
        {
            known.Add(topic);
        }
    }

    private static bool Exists(TopicImage topic, int partition) => (uint)partition < (uint)topic.Partitions.Count;

    private static void AddErrors(
        OffsetCommitResponse response,
        OffsetCommitRequest.OffsetCommitRequestTopic topic,
        List<OffsetCommitRequest.OffsetCommitRequestPartition> partitions,
        ErrorCode error)
    {
        var answers = new OffsetCommitResponse.OffsetCommitResponseTopic { Name = topic.Name, TopicId = topic.TopicId };
        response.Topics.Add(answers);
        foreach (var partition in partitions)
        {
            answers.Partitions.Add(new OffsetCommitResponse.OffsetCommitResponsePartition
            {
                PartitionIndex = partition.PartitionIndex,
                ErrorCode = (short)error,
            });
        }
    }

    /// <summary>What did not exist comes first; the rest of a topic that is already there joins it.</summary>
    private static void Answer(Exchange exchange, OffsetCommitResponse response, OffsetCommitResponse committed)
    {
        var failed = response.Topics.Count;
        foreach (var topic in committed.Topics)
        {
            var index = response.Topics.FindIndex(0, failed, one => one.Name == topic.Name);
            if (index >= 0)
            {
                response.Topics[index].Partitions.AddRange(topic.Partitions);
            }
            else
            {
                response.Topics.Add(topic);
            }
        }

        exchange.Answer(response);
    }
}
