using System.Collections.Generic;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>OffsetFetch (9), versions 1 to 10: what groups have committed; from 8 for several groups at once.</summary>
/// <remarks>
/// No topics at all (null) means all of the group's. A partition without an offset is -1 and no error. Knowingly
/// absent:
/// offsets pending in a transaction (RequireStable finds none), authorization.
/// </remarks>
internal static class OffsetFetchApi
{
    private const short FirstWithGroups = 8;
    private const short FirstWithTopicIds = 10;
    private const short FirstWithTopLevelError = 2;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new OffsetFetchRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var groups = exchange.Version >= FirstWithGroups ? request.Groups : [SingleGroup(request)];
        var response = new OffsetFetchResponse();
        var gathering = new Gathering(groups.Count, () => Answer(exchange, response));
        for (var i = 0; i < groups.Count; i++)
        {
            var index = i;
            response.Groups.Add(new OffsetFetchResponse.OffsetFetchResponseGroup());
            FetchGroup(broker, exchange.Version, groups[i], fetched =>
            {
                response.Groups[index] = fetched;
                gathering.OneIsHere();
            });
        }

        gathering.AllAreAsked();
    }

    private static OffsetFetchRequest.OffsetFetchRequestGroup SingleGroup(OffsetFetchRequest request)
    {
        var group = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = request.GroupId, Topics = null };
        if (request.Topics is { } topics)
        {
            group.Topics = [];
            foreach (var topic in topics)
            {
                group.Topics.Add(new OffsetFetchRequest.OffsetFetchRequestTopics
                {
                    Name = topic.Name,
                    PartitionIndexes = topic.PartitionIndexes,
                });
            }
        }

        return group;
    }

    private static void FetchGroup(
        Broker broker,
        short version,
        OffsetFetchRequest.OffsetFetchRequestGroup group,
        System.Action<OffsetFetchResponse.OffsetFetchResponseGroup> answer)
    {
        var unknown = version >= FirstWithTopicIds && group.Topics is not null ? TakeUnknownIds(broker, group) : [];
        var isAll = group.Topics is null;
        var error = broker.Groups.Find(group.GroupId, out var machine);
        if (error != ErrorCode.None)
        {
            answer(new OffsetFetchResponse.OffsetFetchResponseGroup
            {
                GroupId = group.GroupId,
                ErrorCode = (short)error,
            });
            return;
        }

        machine.Offsets.Fetch(group, fetched =>
        {
            if (version >= FirstWithTopicIds && isAll)
            {
                NameByIds(broker, fetched);
            }

            if (fetched.ErrorCode == 0)
            {
                fetched.Topics.AddRange(unknown);
            }

            answer(fetched);
        });
    }

    /// <summary>Gives topics their names; those whose ids nobody knows become answers.</summary>
    private static List<OffsetFetchResponse.OffsetFetchResponseTopics> TakeUnknownIds(
        Broker broker, OffsetFetchRequest.OffsetFetchRequestGroup group)
    {
        var unknown = new List<OffsetFetchResponse.OffsetFetchResponseTopics>();
        foreach (var topic in group.Topics!)
        {
            if (broker.Metadata.Topics.Find(topic.TopicId) is { } image)
            {
                topic.Name = image.Name;
                continue;
            }

            var answers = new OffsetFetchResponse.OffsetFetchResponseTopics { TopicId = topic.TopicId };
            unknown.Add(answers);
            foreach (var partition in topic.PartitionIndexes)
            {
                answers.Partitions.Add(new OffsetFetchResponse.OffsetFetchResponsePartitions
                {
                    PartitionIndex = partition,
                    CommittedOffset = -1,
                    CommittedLeaderEpoch = -1,
                    Metadata = "",
                    ErrorCode = (short)ErrorCode.UnknownTopicId,
                });
            }
        }

        group.Topics.RemoveAll(topic => broker.Metadata.Topics.Find(topic.TopicId) is null);
        return unknown;
    }

    /// <summary>
    /// Gives topics their ids; topics that are gone cannot be named in this version and are left out.
    /// </summary>
    private static void NameByIds(Broker broker, OffsetFetchResponse.OffsetFetchResponseGroup fetched)
    {
        fetched.Topics.RemoveAll(topic => broker.Metadata.Topics.Find(topic.Name) is null);
        foreach (var topic in fetched.Topics)
        {
            topic.TopicId = broker.Metadata.Topics.Find(topic.Name)!.Id;
        }
    }

    private static void Answer(Exchange exchange, OffsetFetchResponse response)
    {
        if (exchange.Version < FirstWithGroups)
        {
            Flatten(exchange.Version, response);
        }

        exchange.Answer(response);
    }

    /// <summary>
    /// Old versions speak of one group, and version 1 has no place for its error but at every partition.
    /// </summary>
    private static void Flatten(short version, OffsetFetchResponse response)
    {
        var group = response.Groups[0];
        response.Groups.Clear();
        response.ErrorCode = version >= FirstWithTopLevelError ? group.ErrorCode : (short)0;
        foreach (var topic in group.Topics)
        {
            var flat = new OffsetFetchResponse.OffsetFetchResponseTopic { Name = topic.Name };
            response.Topics.Add(flat);
            foreach (var partition in topic.Partitions)
            {
                flat.Partitions.Add(new OffsetFetchResponse.OffsetFetchResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    CommittedOffset = partition.CommittedOffset,
                    CommittedLeaderEpoch = partition.CommittedLeaderEpoch,
                    Metadata = partition.Metadata,
                    ErrorCode = partition.ErrorCode,
                });
            }
        }
    }
}
