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
/// Metadata (3), versions 0 to 13: brokers at this listener, topics and who leads their partitions.
/// </summary>
/// <remarks>
/// No topics means all of them in version 0 and none later, where null means all. A topic that does not exist is
/// created
/// where both the request and <c>auto.create.topics.enable</c> allow it; the answer does not wait for it and says
/// UNKNOWN_TOPIC_OR_PARTITION, which clients ask again for. Every broker may be asked for what the controller does,
/// so the
/// controller named is this one.
/// </remarks>
internal static class MetadataApi
{
    private const short FirstWithNullForAll = 1;
    private const short FirstWithListenerError = 6;
    private const short FirstWithIds = 12;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new MetadataRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        exchange.Answer(
            RefuseForm(request, exchange.Version) ?? new Answer(broker, exchange, request).Build());
    }

    private static bool HasIds(MetadataRequest request)
    {
        foreach (var topic in request.Topics!)
        {
            if (!topic.TopicId.IsZero)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Topics by id came with version 12: before it, a null name or an id cannot be meant.</summary>
    private static MetadataResponse? RefuseForm(MetadataRequest request, short version)
    {
        var error = ErrorCode.None;
        foreach (var topic in request.Topics ?? [])
        {
            if (version < FirstWithIds && (topic.Name is null || !topic.TopicId.IsZero))
            {
                error = ErrorCode.InvalidRequest;
            }
            else if (topic.Name is null && !HasIds(request))
            {
                error = ErrorCode.UnknownServerError;
            }
        }

        if (error == ErrorCode.None)
        {
            return null;
        }

        var response = new MetadataResponse { ErrorCode = (short)error };
        foreach (var topic in request.Topics ?? [])
        {
            response.Topics.Add(new MetadataResponse.MetadataResponseTopic
            {
                ErrorCode = (short)error,
                Name = topic.Name ?? "",
                TopicId = topic.TopicId,
            });
        }

        return response;
    }

    private sealed class Answer(Broker broker, Exchange exchange, MetadataRequest request)
    {
        private readonly MetadataResponse _response = new();
        private readonly short _version = exchange.Version;
        private readonly string _listener = broker.Options.Listeners[exchange.Origin.Listener].Name;

        public MetadataResponse Build()
        {
            _response.ClusterId = broker.Metadata.ClusterId.ToString();
            _response.ControllerId = broker.Options.BrokerId.Value;
            _response.ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
                ? AuthorizedOperations.Cluster
                : AuthorizedOperations.NotAsked;
            AddBrokers();
            var isAll = request.Topics is null || (_version < FirstWithNullForAll && request.Topics.Count == 0);
            if (isAll)
            {
                foreach (var topic in broker.Metadata.Topics.All)
                {
                    _response.Topics.Add(Describe(topic));
                }
            }
            else if (HasIds(request))
            {
                AddByIds();
            }
            else
            {
                AddByNames();
            }

            return _response;
        }

        private void AddBrokers()
        {
            foreach (var registration in broker.Metadata.Cluster.Brokers)
            {
                if (!registration.IsFenced && registration.EndpointOf(_listener) is { } endpoint)
                {
                    _response.Brokers.Add(new MetadataResponse.MetadataResponseBroker
                    {
                        NodeId = registration.Id,
                        Host = endpoint.Host,
                        Port = endpoint.Port,
                        Rack = registration.Rack,
                    });
                }
            }
        }

        /// <summary>Where any topic is asked for by its id, names count for nothing.</summary>
        private void AddByIds()
        {
            var seen = new HashSet<Uuid>();
            foreach (var asked in request.Topics!)
            {
                if (asked.TopicId.IsZero || !seen.Add(asked.TopicId))
                {
                    continue;
                }

                _response.Topics.Add(broker.Metadata.Topics.Find(asked.TopicId) is { } topic
                    ? Describe(topic)
                    : new MetadataResponse.MetadataResponseTopic
                    {
                        ErrorCode = (short)ErrorCode.UnknownTopicId,
                        Name = null,
                        TopicId = asked.TopicId,
                    });
            }
        }

        private void AddByNames()
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var asked in request.Topics!)
            {
                if (seen.Add(asked.Name!))
                {
                    _response.Topics.Add(broker.Metadata.Topics.Find(asked.Name!) is { } topic
                        ? Describe(topic)
                        : Unknown(asked.Name!));
                }
            }
        }

        private int Operations =>
            request.IncludeTopicAuthorizedOperations ? AuthorizedOperations.Topic : AuthorizedOperations.NotAsked;

        private MetadataResponse.MetadataResponseTopic Unknown(string name)
        {
            var isLegal = TopicNames.Refuse(name) is null;
            if (isLegal && request.AllowAutoTopicCreation)
            {
                broker.AutoTopics.TryCreate(name);
            }

            return new MetadataResponse.MetadataResponseTopic
            {
                ErrorCode = (short)(isLegal ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException),
                Name = name,
                IsInternal = InternalTopics.Contains(name),
                TopicAuthorizedOperations = Operations,
            };
        }

        private MetadataResponse.MetadataResponseTopic Describe(TopicImage topic)
        {
            var answer = new MetadataResponse.MetadataResponseTopic
            {
                Name = topic.Name,
                TopicId = topic.Id,
                IsInternal = InternalTopics.Contains(topic.Name),
                TopicAuthorizedOperations = Operations,
            };
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                var partition = topic.Partitions[index];
                var view = PartitionView.Of(
                    broker.Metadata.Cluster, partition, _listener, _version >= FirstWithListenerError);
                answer.Partitions.Add(new MetadataResponse.MetadataResponsePartition
                {
                    ErrorCode = (short)view.Error,
                    PartitionIndex = index,
                    LeaderId = view.Leader,
                    LeaderEpoch = partition.LeaderEpoch.Value,
                    ReplicaNodes = new List<int>(partition.Replicas),
                    IsrNodes = new List<int>(partition.Isr),
                    OfflineReplicas = view.OfflineReplicas,
                });
            }

            return answer;
        }
    }
}
