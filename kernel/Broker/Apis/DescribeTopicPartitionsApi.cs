using System;
using System.Collections.Generic;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// DescribeTopicPartitions (75), version 0: topics page by page, with their eligible leader replicas (KIP-966).
/// </summary>
/// <remarks>
/// Topics come in the order of their names, whatever order they were asked in; no topics means all. The cursor
/// names the
/// first partition of the next page. An answer holds at least one partition and at most
/// <c>max.request.partition.size.limit</c>.
/// </remarks>
internal static class DescribeTopicPartitionsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DescribeTopicPartitionsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        if (request.Cursor is { } cursor && !IsValid(cursor, request))
        {
            exchange.Answer(RefuseAll(request, ErrorCode.InvalidRequest));
            return;
        }

        if (request.Cursor is null && HasEmptyName(request))
        {
            exchange.Answer(RefuseAll(request, ErrorCode.UnknownServerError));
            return;
        }

        var page = new Page(broker, broker.Options.Listeners[exchange.Origin.Listener].Name);
        var limit = broker.Configs.BrokerLong("max.request.partition.size.limit");
        exchange.Answer(page.Fill(request, (int)Math.Clamp(request.ResponsePartitionLimit, 1, limit)));
    }

    /// <summary>Only the first page trips over it: behind any cursor an empty name is a name nobody may give.</summary>
    private static bool HasEmptyName(DescribeTopicPartitionsRequest request)
    {
        foreach (var topic in request.Topics)
        {
            if (topic.Name.Length == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A cursor stands at one of the topics asked for, where topics are asked for.</summary>
    private static bool IsValid(
        DescribeTopicPartitionsRequest.CursorStruct cursor, DescribeTopicPartitionsRequest request)
    {
        var isAmongThem = request.Topics.Count == 0;
        foreach (var topic in request.Topics)
        {
            isAmongThem |= topic.Name == cursor.TopicName;
        }

        return isAmongThem && cursor.PartitionIndex >= 0;
    }

    /// <summary>
    /// Kafka trips over an empty name and blames nobody in particular for it; a wrong cursor refuses everything too.
    /// </summary>
    private static DescribeTopicPartitionsResponse RefuseAll(DescribeTopicPartitionsRequest request, ErrorCode error)
    {
        var response = new DescribeTopicPartitionsResponse();
        foreach (var topic in request.Topics)
        {
            response.Topics.Add(new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
            {
                ErrorCode = (short)error,
                Name = topic.Name,
            });
        }

        return response;
    }

    private sealed class Page(Broker broker, string listener)
    {
        private readonly DescribeTopicPartitionsResponse _response = new();
        private int _room;

        public DescribeTopicPartitionsResponse Fill(DescribeTopicPartitionsRequest request, int limit)
        {
            _room = limit;
            var cursor = request.Cursor;
            foreach (var name in Names(request))
            {
                var order = cursor is null ? 1 : string.CompareOrdinal(name, cursor.TopicName);
                if (order < 0)
                {
                    continue;
                }

                if (!Add(name, order == 0 ? cursor!.PartitionIndex : 0))
                {
                    break;
                }
            }

            return _response;
        }

        /// <summary>False where the page is full; the cursor then says where the next one begins.</summary>
        private bool Add(string name, int from)
        {
            if (_room == 0)
            {
                SetCursor(name, 0);
                return false;
            }

            if (broker.Metadata.Topics.Find(name) is not { } topic)
            {
                AddUnknown(name);
                return true;
            }

            var answer = new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
            {
                Name = name,
                TopicId = topic.Id,
                IsInternal = InternalTopics.Contains(name),
                TopicAuthorizedOperations = AuthorizedOperations.Topic,
            };
            _response.Topics.Add(answer);
            // Kafka's sum, which overflows where a cursor stands at the end of all numbers: the cursor given then is below zero.
            var next = unchecked(from + _room);
            var index = from;
            for (; index < topic.Partitions.Count && _room > 0; index++, _room--)
            {
                answer.Partitions.Add(Describe(topic, index));
            }

            if (next < topic.Partitions.Count)
            {
                SetCursor(name, next);
                return false;
            }

            return true;
        }

        private SortedSet<string> Names(DescribeTopicPartitionsRequest request)
        {
            var names = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var topic in request.Topics)
            {
                names.Add(topic.Name);
            }

            if (request.Topics.Count == 0)
            {
                foreach (var topic in broker.Metadata.Topics.All)
                {
                    names.Add(topic.Name);
                }
            }

            return names;
        }

        private void AddUnknown(string name)
        {
            var error = TopicNames.Refuse(name) is null
                ? ErrorCode.UnknownTopicOrPartition
                : ErrorCode.InvalidTopicException;
            _response.Topics.Add(new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
            {
                ErrorCode = (short)error,
                Name = name,
                TopicId = Uuid.Zero,
                IsInternal = InternalTopics.Contains(name),
                TopicAuthorizedOperations = AuthorizedOperations.Topic,
            });
        }

        private void SetCursor(string name, int partition) =>
            _response.NextCursor = new DescribeTopicPartitionsResponse.Cursor
            {
                TopicName = name,
                PartitionIndex = partition,
            };

        private DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition Describe(
            TopicImage topic, int index)
        {
            var partition = topic.Partitions[index];
            var view = PartitionView.Of(broker.Metadata.Cluster, partition, listener, knowsListenerError: true);
            return new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition
            {
                ErrorCode = (short)view.Error,
                PartitionIndex = index,
                LeaderId = view.Leader,
                LeaderEpoch = partition.LeaderEpoch.Value,
                ReplicaNodes = new List<int>(partition.Replicas),
                IsrNodes = new List<int>(partition.Isr),
                EligibleLeaderReplicas = new List<int>(partition.Elr),
                LastKnownElr = new List<int>(partition.LastKnownElr),
                OfflineReplicas = view.OfflineReplicas,
            };
        }
    }
}
