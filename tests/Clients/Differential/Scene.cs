using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// What one broker has told during one sequence: the ids it chose for topics, members, producers and fetch sessions.
/// Requests name those by slot ("member 0"), so that one sequence can be sent to two brokers, and again to the same.
/// </summary>
/// <remarks>Every name has the sequence's prefix, so sequences do not meet. A scene with the prefix "" was told nothing
/// and shows slots as themselves: it is what a sequence is printed with.</remarks>
public sealed class Scene(string prefix)
{
    public const int Slots = 3;
    private const string UnknownConfig = "no.such.config";
    private const long AnHourInMs = 3_600_000;
    private const short MemberIdRequired = (short)ErrorCode.MemberIdRequired;

    /// <summary>An id that no topic has.</summary>
    public static readonly Uuid Nobodys = new(0x1234, 0x5678);

    private readonly Dictionary<string, Uuid> _topicIds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _symbols = new(StringComparer.Ordinal);
    private readonly string[] _members = new string[Slots];
    private readonly int[] _joins = new int[Slots];
    private readonly Dictionary<string, int> _generations = new(StringComparer.Ordinal);
    private readonly (long Id, short Epoch)[] _producers = [(-1, -1), (-1, -1), (-1, -1)];
    private (int Id, int Epoch) _session;

    /// <summary>
    /// Topics that must exist now, with their partitions: what a broker said it created and did not delete.
    /// </summary>
    public SortedDictionary<string, int> Topics { get; } = new(StringComparer.Ordinal);

    public bool IsForText => prefix.Length == 0;

    // Names

    /// <summary>"t0" and its like are topics of the sequence; anything else is meant literally.</summary>
    public string Topic(string name) => IsOwn(name, 't') ? prefix + name : name;

    /// <summary>What a broker is set that it does not know is kept with all that others have set on it.</summary>
    public string BrokerConfig(string name) => name == UnknownConfig && prefix.Length > 0 ? prefix + name : name;

    public string Group(string name) => IsOwn(name, 'g') ? prefix + name : name;

    public string Member(int slot) => slot switch
    {
        < 0 => slot == -1 ? "" : "nobody",
        _ when IsForText => FormattableString.Invariant($"m{slot}"),
        _ => _members[slot] ?? "",
    };

    public int Generation(string group) => _generations.GetValueOrDefault(Group(group));

    public Uuid TopicId(string name) =>
        name.Length == 0 ? Uuid.Zero : _topicIds.GetValueOrDefault(Topic(name), Nobodys);

    public (long Id, short Epoch) Producer(int slot) => slot < 0 ? (-1, (short)-1) : _producers[slot];

    public (int Id, int Epoch) Session => _session;

    /// <summary>
    /// What both brokers' scenes call a value that each chose for itself; else the value, without the prefix.
    /// </summary>
    public string SymbolOf(string value) =>
        _symbols.TryGetValue(value, out var symbol) ? symbol
        : prefix.Length > 0 ? value.Replace(prefix, "", StringComparison.Ordinal)
        : value;

    /// <summary>
    /// Takes out of an answer about everything what other sequences and tests have left on the broker.
    /// </summary>
    public void KeepOwn(IMessage response)
    {
        switch (response)
        {
            case MetadataResponse metadata:
                metadata.Topics.RemoveAll(topic => topic.ErrorCode == 0 && !IsOwnName(topic.Name));
                break;
            case FetchResponse fetched:
                MergeTopics(fetched);
                break;
            case ListOffsetsResponse offsets:
                offsets.Topics.ForEach(topic => topic.Partitions.ForEach(ForgetTimeOfBroker));
                break;
            case ListGroupsResponse groups:
                groups.Groups.RemoveAll(group => !IsOwnName(group.GroupId));
                break;
            case DescribeConfigsResponse configs:
                configs.Results.ForEach(result => result.Configs.RemoveAll(config => IsLeftOver(config.Name)));
                break;
            case DescribeLogDirsResponse directories:
                directories.Results.ForEach(result => result.Topics.RemoveAll(topic => !IsOwnName(topic.Name)));
                break;
        }
    }

    // What answers teach

    public void Learn(Step step, IRequest request, IMessage response)
    {
        switch (request, response)
        {
            case (JoinGroupRequest join, JoinGroupResponse joined):
                LearnMember(step.Slot, join, joined);
                break;
            case (_, InitProducerIdResponse { ErrorCode: 0 } producer) when step.Slot >= 0:
                _producers[step.Slot] = (producer.ProducerId, producer.ProducerEpoch);
                break;
            case (FetchRequest fetch, FetchResponse { ErrorCode: 0 } fetched):
                LearnSession(fetch, fetched);
                break;
            case (CreateTopicsRequest { ValidateOnly: false } create, CreateTopicsResponse created):
                LearnCreated(create, created);
                break;
            case (DeleteTopicsRequest, DeleteTopicsResponse deleted):
                LearnDeleted(deleted);
                break;
            case (CreatePartitionsRequest { ValidateOnly: false } extend, CreatePartitionsResponse extended):
                LearnExtended(extend, extended);
                break;
        }
    }

    public void LearnTopicId(string topic, Uuid id)
    {
        _topicIds[topic] = id;
        _symbols[id.ToString()] = "id of " + topic[prefix.Length..];
    }

    /// <summary>How a fetch's partitions are grouped by topic is up to the broker.</summary>
    private static void MergeTopics(FetchResponse response)
    {
        for (var i = response.Responses.Count - 1; i > 0; i--)
        {
            var topic = response.Responses[i];
            var first = response.Responses.Find(one => one.Topic == topic.Topic && one.TopicId == topic.TopicId)!;
            if (!ReferenceEquals(first, topic))
            {
                first.Partitions.AddRange(topic.Partitions);
                response.Responses.RemoveAt(i);
            }
        }
    }

    /// <summary>Where a topic has the broker's clock stamp its records, each broker has its own time.</summary>
    private static void ForgetTimeOfBroker(ListOffsetsResponse.ListOffsetsPartitionResponse partition)
    {
        if (Math.Abs(partition.Timestamp - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()) < AnHourInMs)
        {
            partition.Timestamp = long.MaxValue;
        }
    }

    /// <summary>Set on the broker by another sequence, or to see that what was set is in effect.</summary>
    private bool IsLeftOver(string config) => config.EndsWith(Peer.Barrier, StringComparison.Ordinal)
        || (config.EndsWith(UnknownConfig, StringComparison.Ordinal) && config != UnknownConfig && !IsOwnName(config));

    private bool IsOwnName(string? name) => name is not null && name.StartsWith(prefix, StringComparison.Ordinal);

    private static bool IsOwn(string name, char kind) =>
        name.Length == 2 && name[0] == kind && char.IsAsciiDigit(name[1]);

    private void LearnMember(int slot, JoinGroupRequest request, JoinGroupResponse response)
    {
        if (response.MemberId.Length > 0 && slot >= 0 && _members[slot] != response.MemberId)
        {
            _members[slot] = response.MemberId;
            _symbols[response.MemberId] = FormattableString.Invariant($"member {slot}.{_joins[slot]++}");
        }

        if (response.ErrorCode == 0 && response.GenerationId >= 0)
        {
            _generations[request.GroupId] = response.GenerationId;
        }
        else if (response.ErrorCode == MemberIdRequired)
        {
            _generations.TryAdd(request.GroupId, 0);
        }
    }

    private void LearnSession(FetchRequest request, FetchResponse response)
    {
        var isIncremental = request.SessionEpoch > 0 && request.SessionId == _session.Id;
        if (isIncremental)
        {
            _session = (_session.Id, _session.Epoch + 1);
        }
        else if (response.SessionId != 0)
        {
            _session = (response.SessionId, 1);
        }
    }

    private void LearnCreated(CreateTopicsRequest request, CreateTopicsResponse response)
    {
        foreach (var created in response.Topics)
        {
            var asked = request.Topics.Find(topic => topic.Name == created.Name);
            if (created.ErrorCode == 0 && asked is not null)
            {
                Topics[created.Name] = asked.Assignments.Count > 0 ? asked.Assignments.Count
                    : Math.Max(asked.NumPartitions, 1);
            }
        }
    }

    private void LearnDeleted(DeleteTopicsResponse response)
    {
        foreach (var deleted in response.Responses)
        {
            if (deleted.ErrorCode == 0 && deleted.Name is { } name)
            {
                Topics.Remove(name);
            }
        }
    }

    private void LearnExtended(CreatePartitionsRequest request, CreatePartitionsResponse response)
    {
        foreach (var extended in response.Results)
        {
            var asked = request.Topics.Find(topic => topic.Name == extended.Name);
            if (extended.ErrorCode == 0 && asked is not null)
            {
                Topics[extended.Name] = asked.Count;
            }
        }
    }
}
