using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides DeleteTopics, by name or by id. Whatever a request names more than once is refused.</summary>
internal sealed class TopicDeletion
{
    private readonly ControllerView _view;

    public TopicDeletion(ControllerView view)
    {
        _view = view;
    }

    /// <summary><paramref name="version"/> below 6 names topics in a plain list.</summary>
    public DeleteTopicsResponse Decide(DeleteTopicsRequest request, short version, List<MetadataRecord> records)
    {
        var response = new DeleteTopicsResponse();
        if (!_view.Configs.BrokerBoolean("delete.topic.enable"))
        {
            RefuseAll(request, version, response);
            return response;
        }

        var named = new NameCounts();
        var removed = new HashSet<Uuid>();
        foreach (var (name, id) in Topics(request))
        {
            if (name is null || id.IsZero)
            {
                named.Add(KeyOf(name, id));
            }
        }

        foreach (var (name, id) in Topics(request))
        {
            if (named.CountOf(KeyOf(name, id)) <= 1)
            {
                response.Responses.Add(Decide(name, id, removed, records));
            }
        }

        var repeated = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, id) in Topics(request))
        {
            if (named.CountOf(KeyOf(name, id)) > 1 && repeated.Add(KeyOf(name, id)))
            {
                var what = name is null ? "Duplicate topic id." : "Duplicate topic name.";
                response.Responses.Add(Result(name, id, new ApiError(ErrorCode.InvalidRequest, what)));
            }
        }

        return response;
    }

    /// <summary>Ids and names share one set of keys; no name can hold a slash.</summary>
    private static string KeyOf(string? name, Uuid id) =>
        name is null ? "/" + id : id.IsZero ? name : name + "/" + id;

    public static IEnumerable<(string? Name, Uuid Id)> Topics(DeleteTopicsRequest request)
    {
        foreach (var name in request.TopicNames)
        {
            yield return (name, Uuid.Zero);
        }

        foreach (var topic in request.Topics)
        {
            yield return (topic.Name, topic.TopicId);
        }
    }

    private static void RefuseAll(DeleteTopicsRequest request, short version, DeleteTopicsResponse response)
    {
        var code = version < 3 ? ErrorCode.InvalidRequest : ErrorCode.TopicDeletionDisabled;
        foreach (var (name, id) in Topics(request))
        {
            response.Responses.Add(Result(name, id, new ApiError(code, "Topic deletion is disabled.")));
        }
    }

    public static DeleteTopicsResponse.DeletableTopicResult Result(string? name, Uuid id, ApiError error) =>
        new() { Name = name, TopicId = id, ErrorCode = (short)error.Code, ErrorMessage = error.Message };

    private DeleteTopicsResponse.DeletableTopicResult Decide(
        string? name, Uuid id, HashSet<Uuid> removed, List<MetadataRecord> records)
    {
        if (name is null && id.IsZero)
        {
            return Result(name, id, new ApiError(
                ErrorCode.InvalidRequest, "Neither topic name nor id were specified."));
        }

        if (name is not null && !id.IsZero)
        {
            return Result(name, id, new ApiError(
                ErrorCode.InvalidRequest, "You may not specify both topic name and topic id."));
        }

        TopicImage? topic = name is null ? _view.Image.Topics.Find(id) : _view.Image.Topics.Find(name);
        if (topic is null)
        {
            return Result(name, id, name is null
                ? new ApiError(ErrorCode.UnknownTopicId, "This server does not host this topic ID.")
                : new ApiError(
                    ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition."));
        }

        // Once by its name and once by its id is once too often, as well.
        if (!removed.Add(topic.Id))
        {
            return Result(name, id, new ApiError(
                ErrorCode.InvalidRequest, "The provided topic name maps to an ID that was already supplied."));
        }

        records.Add(MetadataRecord.Of(new RemoveTopicRecord { TopicId = topic.Id }));
        return Result(topic.Name, topic.Id, ApiError.None);
    }
}
