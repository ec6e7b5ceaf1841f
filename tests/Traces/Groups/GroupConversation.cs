using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Deterministic.Broker.Coordinators;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Models.Groups;

namespace Deterministic.Tests.Traces.Groups;

/// <summary>
/// The words of a group trace: clients named a, b, c speak to one coordinator. After each command come the answers
/// that left,
/// the records appended, and the group's state.
/// </summary>
internal sealed class GroupConversation
{
    private readonly SortedDictionary<string, MemberClient> _clients = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _nicknames = new(StringComparer.Ordinal);
    private readonly List<string> _lines = [];
    private GroupConfig _config = new();
    private GroupWorld? _world;
    private Offset _shown;

    private GroupWorld World => _world ??= new GroupWorld(_config);

    /// <summary>Runs one line and returns what happened.</summary>
    public string Run(string line)
    {
        _lines.Clear();
        var command = new Command(line);
        Perform(command);
        _lines.AddRange(World.Log.RecordsFrom(_shown).Select(one => $"log {one.At}: {TextOf(one.Record)}"));
        _shown = World.Log.LogEndOffset;
        Describe(command.Group);
        return Shorten(string.Join('\n', _lines));
    }

    private void Perform(Command command)
    {
        switch (command.Verb)
        {
            case "config":
                Configure(command);
                break;
            case "join":
                Join(command);
                break;
            case "sync":
                Sync(command);
                break;
            case "heartbeat":
                Heartbeat(command);
                break;
            case "leave":
                Leave(command);
                break;
            case "commit":
                Commit(command);
                break;
            case "fetch":
                Fetch(command);
                break;
            case "delete":
                World.Machine.Delete(command.Group, error => Say("delete", error));
                break;
            case "committed":
                World.Commit();
                break;
            case "refuse":
                World.Log.Refusal = Enum.Parse<ErrorCode>(command.Get("with", "None"));
                break;
            case "time":
                World.Pass(long.Parse(command.Subject, CultureInfo.InvariantCulture));
                break;
            case "crash":
                World.Crash(0);
                _shown = World.Log.LogEndOffset;
                break;
            default:
                throw new InvalidOperationException($"no such command: {command.Verb}");
        }
    }

    private void Configure(Command command) => _config = _config with
    {
        InitialRebalanceDelayMs = command.Int("initial-delay", _config.InitialRebalanceDelayMs),
        MaxSize = command.Int("max-size", _config.MaxSize),
        OffsetsRetention = Duration.FromMilliseconds(
            command.Int("retention", (int)_config.OffsetsRetention.Milliseconds)),
        OffsetsRetentionCheckInterval = Duration.FromMilliseconds(
            command.Int("check", (int)_config.OffsetsRetentionCheckInterval.Milliseconds)),
    };

    private void Join(Command command)
    {
        var client = Client(command);
        client.Version = (short)command.Int("v", 9);
        client.InstanceId = command.Get("instance", client.InstanceId ?? "") is { Length: > 0 } id ? id : null;
        var topics = command.Get("topics", "t").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var protocols = command.Get("protocols", "range").Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(name => (name, Subscription(topics)));
        var request = client.JoinRequest(command.Int("session", 10_000), command.Int("rebalance", 60_000), protocols);
        request.MemberId = command.Get("id", request.MemberId);
        World.Join(command.Group, client, request, response => Joined(client, response));
    }

    private void Joined(MemberClient client, JoinGroupResponse response)
    {
        if (response.MemberId.Length > 0 && !_nicknames.ContainsKey(response.MemberId))
        {
            var count = _nicknames.Values.Count(name => name.StartsWith(client.Name, StringComparison.Ordinal)) + 1;
            _nicknames.Add(response.MemberId, string.Create(CultureInfo.InvariantCulture, $"{client.Name}{count}"));
        }

        client.Joined(response);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{client.Name} <- join {(ErrorCode)response.ErrorCode}");
        if (response.MemberId.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" id={response.MemberId}");
        }

        if (response.ErrorCode == 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" generation={response.GenerationId} ");
            text.Append(CultureInfo.InvariantCulture, $"protocol={response.ProtocolName} leader={response.Leader}");
            text.Append(response.SkipAssignment ? " skip-assignment" : "");
            var members = string.Join(' ', response.Members.Select(member => member.MemberId));
            text.Append(members.Length > 0 ? $" members=[{members}]" : "");
        }

        _lines.Add(text.ToString());
    }

    private void Sync(Command command)
    {
        var client = Client(command);
        var request = new SyncGroupRequest
        {
            GroupId = command.Group,
            MemberId = command.Get("id", client.MemberId),
            GroupInstanceId = client.InstanceId,
            GenerationId = command.Int("generation", client.Generation),
            ProtocolType = "consumer",
            ProtocolName = client.Protocol,
        };
        foreach (var (name, value) in command.Options.Where(option => option.Name.StartsWith('>')))
        {
            request.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
            {
                MemberId = _clients[name[1..]].MemberId,
                Assignment = Encoding.UTF8.GetBytes(value),
            });
        }

        World.Sync(request, response =>
        {
            var assignment = Encoding.UTF8.GetString(response.Assignment.Span);
            Say($"{client.Name} <- sync", (ErrorCode)response.ErrorCode, assignment);
        });
    }

    private void Heartbeat(Command command)
    {
        var client = Client(command);
        var error = World.Heartbeat(new HeartbeatRequest
        {
            GroupId = command.Group,
            MemberId = command.Get("id", client.MemberId),
            GroupInstanceId = client.InstanceId,
            GenerationId = command.Int("generation", client.Generation),
        });
        Say($"{client.Name} <- heartbeat", error);
    }

    private void Leave(Command command)
    {
        var client = Client(command);
        var request = new LeaveGroupRequest { GroupId = command.Group };
        var byInstance = command.Get("instance", "");
        request.Members.Add(new LeaveGroupRequest.MemberIdentity
        {
            MemberId = byInstance.Length > 0 ? "" : client.MemberId,
            GroupInstanceId = byInstance.Length > 0 ? byInstance : client.InstanceId,
        });
        World.Leave(request, response => Say(
            $"{client.Name} <- leave",
            response.Members.Count > 0 ? (ErrorCode)response.Members[0].ErrorCode : (ErrorCode)response.ErrorCode));
    }

    private void Commit(Command command)
    {
        var client = command.Subject.Length > 0 ? Client(command) : new MemberClient("simple");
        var request = new OffsetCommitRequest
        {
            GroupId = command.Group,
            MemberId = client.MemberId,
            GroupInstanceId = client.InstanceId,
            GenerationIdOrMemberEpoch = command.Int("generation", client.Generation),
            RetentionTimeMs = command.Int("retention", -1),
        };
        var topic = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = command.Get("topic", "t") };
        request.Topics.Add(topic);
        topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
        {
            PartitionIndex = command.Int("partition", 0),
            CommittedOffset = command.Int("offset", 0),
            CommittedMetadata = command.Get("metadata", ""),
        });
        World.Commit(request, 9, response =>
            Say($"{client.Name} <- commit", (ErrorCode)response.Topics[0].Partitions[0].ErrorCode));
    }

    private void Fetch(Command command)
    {
        var request = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = command.Group, Topics = null };
        World.Machine.Offsets.Fetch(request, response =>
        {
            var offsets = response.Topics.SelectMany(topic => topic.Partitions.Select(partition =>
                FormattableString.Invariant(
                    $"{topic.Name}-{partition.PartitionIndex}={partition.CommittedOffset}")));
            Say("fetch", (ErrorCode)response.ErrorCode, string.Join(' ', offsets));
        });
    }

    private void Describe(string groupId)
    {
        if (World.Group(groupId) is not { } group)
        {
            _lines.Add($"{groupId}: no such group");
            return;
        }

        var members = string.Join(' ', group.Roster.Members.Select(member => member.MemberId
            + (group.Roster.IsLeader(member.MemberId) ? "*" : "")
            + (member.IsAwaitingJoin ? "+" : "")));
        var pending = group.Sessions.PendingMembers;
        _lines.Add(FormattableString.Invariant(
            $"{groupId}: {group.State} generation={group.Generation} members=[{members}] pending={pending}"));
    }

    private static string TextOf(CoordinatorRecord record) => (record.Key, record.Value) switch
    {
        (GroupMetadataKey key, null) => $"group {key.Group} deleted",
        (GroupMetadataKey key, GroupMetadataValue value) => string.Create(
            CultureInfo.InvariantCulture,
            $"group {key.Group} generation={value.Generation} protocol={value.Protocol ?? "none"} ")
            + $"leader={value.Leader ?? "none"} assigned=["
            + string.Join(' ', value.Members.Select(AssignmentOf)) + "]",
        (OffsetCommitKey key, null) => string.Create(
            CultureInfo.InvariantCulture, $"offset {key.Group} {key.Topic}-{key.Partition} deleted"),
        (OffsetCommitKey key, OffsetCommitValue value) => FormattableString.Invariant(
            $"offset {key.Group} {key.Topic}-{key.Partition}={value.Offset} v{record.ValueVersion}"),
        _ => record.ToString(),
    };

    private static string AssignmentOf(GroupMetadataValue.MemberMetadata member) =>
        $"{member.MemberId}:{Encoding.UTF8.GetString(member.Assignment.Span)}";

    private void Say(string what, ErrorCode error, string more = "") =>
        _lines.Add($"{what} {error}{(more.Length > 0 ? " " + more : "")}");

    private MemberClient Client(Command command)
    {
        if (!_clients.TryGetValue(command.Subject, out var client))
        {
            client = new MemberClient(command.Subject);
            _clients.Add(command.Subject, client);
        }

        return client;
    }

    /// <summary>Ids by the names of their owners; those that nobody was told yet end in a question mark.</summary>
    private string Shorten(string text) => Regex.Replace(
        _nicknames.Aggregate(
            text, (shortened, pair) => shortened.Replace(pair.Key, pair.Value, StringComparison.Ordinal)),
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "?");

    private static byte[] Subscription(string[] topics)
    {
        var message = new ConsumerProtocolSubscription();
        message.Topics.AddRange(topics);
        var bytes = new byte[message.Size(1).InMemory + 2];
        bytes[1] = 1;
        var writer = new ProtocolWriter(bytes.AsSpan(2));
        message.Write(ref writer, 1);
        return bytes;
    }

    /// <summary>A verb, a subject that may be missing, and name=value options.</summary>
    private sealed class Command
    {
        public Command(string line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Verb = words[0];
            Subject = words.Skip(1).FirstOrDefault(word => !word.Contains('=', StringComparison.Ordinal)) ?? "";
            Options = [.. words.Skip(1).Select(word => word.Split('=', 2)).Where(parts => parts.Length == 2)
                .Select(parts => (parts[0], parts[1]))];
        }

        public string Verb { get; }

        public string Subject { get; }

        public List<(string Name, string Value)> Options { get; }

        public string Group => Get("group", "g");

        public string Get(string name, string otherwise) =>
            Options.Where(option => option.Name == name).Select(option => option.Value).FirstOrDefault(otherwise);

        public int Int(string name, int otherwise) =>
            int.Parse(Get(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
    }
}
