using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Clients;

/// <summary>Where a member of a classic group stands.</summary>
public enum MembershipState : byte
{
    /// <summary>Looking for the coordinator.</summary>
    Searching,

    /// <summary>Not in the group, or told to join again.</summary>
    Outside,

    /// <summary>JoinGroup is under way.</summary>
    Joining,

    /// <summary>SyncGroup is under way.</summary>
    Syncing,

    /// <summary>Asking for the committed offsets of what it was assigned.</summary>
    Fetching,

    /// <summary>Owns its partitions.</summary>
    Stable,
}

/// <summary>
/// One consumer's membership in a classic group (KIP-62, KIP-345, KIP-394), with the range assignor.
/// </summary>
/// <remarks>
/// Searching -> Outside   the coordinator is known
/// Outside   -> Joining   JoinGroup sent
/// Joining   -> Syncing   every member joined; the leader sends assignments with its SyncGroup
/// Syncing   -> Fetching  assigned
/// Fetching  -> Stable    committed offsets known: reading begins
/// any       -> Outside   rebalance, or the member is not known any more
/// any       -> Searching the coordinator moved or went away
///
/// Partitions are given up the moment the membership is in doubt: another member may own them from then on.
/// </remarks>
public sealed class GroupMembership : IAnswerTo
{
    private const string ProtocolType = "consumer";
    private const long HeartbeatToken = -1;
    private const long CommitToken = -2;
    private readonly ConsumerOptions _options;
    private readonly Cluster _cluster;
    private readonly ConsumerMachine _consumer;
    private readonly List<string> _topics = [];
    private readonly List<(string Topic, int Partition, long Offset)> _committing = [];
    private int _coordinator = -1;
    private bool _isBusy;
    private long _turn;
    private Instant _notBefore = Instant.Zero;
    private Instant _heartbeatAt = Instant.Never;
    private bool _isHeartbeating;
    private bool _isCommitting;
    private List<(string Topic, int Partition)> _assigned = [];
    private JoinGroupResponse? _joined;
    private Instant _now;

    internal GroupMembership(ConsumerOptions options, Cluster cluster, ConsumerMachine consumer)
    {
        _options = options;
        _cluster = cluster;
        _consumer = consumer;
    }

    public MembershipState State { get; private set; }

    public string MemberId { get; private set; } = "";

    public int Generation { get; private set; } = -1;

    /// <summary>What this member owns in <see cref="Generation"/>; empty unless stable.</summary>
    public IReadOnlyList<(string Topic, int Partition)> Assigned => _assigned;

    /// <summary>Commits that were acknowledged, each with the offset; whoever reads them clears them.</summary>
    public List<(string Topic, int Partition, long Offset)> Committed { get; } = [];

    internal Instant NextDeadline { get; private set; } = Instant.Never;

    public void Subscribe(string topic)
    {
        _topics.Add(topic);
        _topics.Sort(string.CompareOrdinal);
        _cluster.AddTopic(topic);
    }

    /// <summary>Commits the positions of everything owned; false where that is not possible now.</summary>
    public bool Commit()
    {
        if (State != MembershipState.Stable || _isCommitting || Wire() is not { } wire)
        {
            return false;
        }

        var request = new OffsetCommitRequest
        {
            GroupId = _options.GroupId!,
            GenerationIdOrMemberEpoch = Generation,
            MemberId = MemberId,
            GroupInstanceId = _options.GroupInstanceId,
        };
        _committing.Clear();
        foreach (var position in _consumer.Positions)
        {
            if (position.Offset >= 0)
            {
                _committing.Add((position.Topic, position.Partition, position.Offset));
                TopicOf(request, position.Topic).Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
                {
                    PartitionIndex = position.Partition,
                    CommittedOffset = position.Offset,
                    CommittedLeaderEpoch = position.LastEpoch,
                    CommittedMetadata = "",
                });
            }
        }

        _isCommitting = true;
        wire.Send(ApiKey.OffsetCommit, request, wire.VersionOf(ApiKey.OffsetCommit, 9), _now, this, CommitToken);
        return true;
    }

    /// <summary>Leaves in good order; the coordinator need not wait for the session to end.</summary>
    public void Leave()
    {
        if (Wire() is { } wire && MemberId.Length > 0)
        {
            var request = new LeaveGroupRequest { GroupId = _options.GroupId! };
            request.Members.Add(new LeaveGroupRequest.MemberIdentity
            {
                MemberId = MemberId,
                GroupInstanceId = _options.GroupInstanceId,
            });
            wire.Send(ApiKey.LeaveGroup, request, wire.VersionOf(ApiKey.LeaveGroup), _now, this, HeartbeatToken);
        }

        MemberId = "";
        GoOutside();
    }

    public void Answered(IMessage response, short version, long token)
    {
        if (token == HeartbeatToken)
        {
            _isHeartbeating = false;
            if (response is HeartbeatResponse beat)
            {
                Check((ErrorCode)beat.ErrorCode);
            }

            return;
        }

        if (token == CommitToken)
        {
            _isCommitting = false;
            CommitAnswered((OffsetCommitResponse)response);
            return;
        }

        if (token != _turn)
        {
            return;
        }

        _isBusy = false;
        switch (response)
        {
            case FindCoordinatorResponse found:
                CoordinatorFound(found);
                break;
            case JoinGroupResponse joined:
                Joined(joined);
                break;
            case SyncGroupResponse synced:
                Synced(synced);
                break;
            case OffsetFetchResponse offsets:
                OffsetsFetched(offsets);
                break;
            default:
                break;
        }
    }

    public void Lost(long token)
    {
        _isHeartbeating &= token != HeartbeatToken;
        _isCommitting &= token != CommitToken;
        if (token == _turn || token < 0)
        {
            _isBusy = false;
            Search();
        }
    }

    internal void Step(Instant now)
    {
        _now = now;
        if (State == MembershipState.Stable && now >= _heartbeatAt)
        {
            Beat();
        }

        if (!_isBusy && now >= _notBefore)
        {
            Proceed();
        }

        NextDeadline = Instant.Min(
            State == MembershipState.Stable ? Instant.Never : now + _options.RetryBackoff, _heartbeatAt);
    }

    private void Proceed()
    {
        switch (State)
        {
            case MembershipState.Searching:
                AskForCoordinator();
                break;
            case MembershipState.Outside:
                Join();
                break;
            case MembershipState.Fetching:
                FetchOffsets();
                break;
            case MembershipState.Joining or MembershipState.Syncing or MembershipState.Stable:
            default:
                break;
        }
    }

    private void AskForCoordinator()
    {
        if (_topics.Count > 0 && _cluster.Any(_now) is { } wire)
        {
            var request = new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [_options.GroupId!] };
            Ask(wire, ApiKey.FindCoordinator, request, wire.VersionOf(ApiKey.FindCoordinator, 4));
        }
    }

    private void CoordinatorFound(FindCoordinatorResponse response)
    {
        var found = response.Coordinators.Count == 1 ? response.Coordinators[0] : null;
        if (found is not { ErrorCode: 0 })
        {
            Search();
            return;
        }

        _coordinator = found.NodeId;
        State = MembershipState.Outside;
        Proceed();
    }

    private void Join()
    {
        if (_coordinator < 0)
        {
            // It left, or was put out, before the coordinator was known.
            State = MembershipState.Searching;
            return;
        }

        if (Wire() is not { } wire)
        {
            return;
        }

        var request = new JoinGroupRequest
        {
            GroupId = _options.GroupId!,
            SessionTimeoutMs = _options.SessionTimeoutMs,
            RebalanceTimeoutMs = _options.RebalanceTimeoutMs,
            MemberId = MemberId,
            GroupInstanceId = _options.GroupInstanceId,
            ProtocolType = ProtocolType,
        };
        request.Protocols.Add(new JoinGroupRequest.JoinGroupRequestProtocol
        {
            Name = RangeAssignor.Name,
            Metadata = RangeAssignor.Subscription(_topics),
        });
        State = MembershipState.Joining;
        Ask(wire, ApiKey.JoinGroup, request, wire.VersionOf(ApiKey.JoinGroup));
    }

    private void Joined(JoinGroupResponse response)
    {
        var error = (ErrorCode)response.ErrorCode;
        if (error == ErrorCode.MemberIdRequired)
        {
            MemberId = response.MemberId;
            State = MembershipState.Outside;
            Join();
            return;
        }

        if (!Check(error))
        {
            return;
        }

        MemberId = response.MemberId;
        Generation = response.GenerationId;
        _joined = response;
        Sync();
    }

    private void Sync()
    {
        if (Wire() is not { } wire)
        {
            Search();
            return;
        }

        var request = new SyncGroupRequest
        {
            GroupId = _options.GroupId!,
            GenerationId = Generation,
            MemberId = MemberId,
            GroupInstanceId = _options.GroupInstanceId,
            ProtocolType = ProtocolType,
            ProtocolName = RangeAssignor.Name,
        };
        if (_joined!.Leader == MemberId)
        {
            RangeAssignor.Assign(_joined, _cluster, request);
        }

        State = MembershipState.Syncing;
        Ask(wire, ApiKey.SyncGroup, request, wire.VersionOf(ApiKey.SyncGroup));
    }

    private void Synced(SyncGroupResponse response)
    {
        if (!Check((ErrorCode)response.ErrorCode))
        {
            return;
        }

        _assigned = RangeAssignor.Assignment(response.Assignment);
        _heartbeatAt = _now + _options.HeartbeatInterval;
        State = MembershipState.Fetching;
        Proceed();
    }

    private void FetchOffsets()
    {
        if (Wire() is not { } wire)
        {
            return;
        }

        var group = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = _options.GroupId!, Topics = [] };
        foreach (var (topic, partition) in _assigned)
        {
            var topics = group.Topics!;
            if (topics.Count == 0 || topics[^1].Name != topic)
            {
                topics.Add(new OffsetFetchRequest.OffsetFetchRequestTopics { Name = topic });
            }

            topics[^1].PartitionIndexes.Add(partition);
        }

        var request = new OffsetFetchRequest { RequireStable = true };
        request.Groups.Add(group);
        Ask(wire, ApiKey.OffsetFetch, request, wire.VersionOf(ApiKey.OffsetFetch, 8));
    }

    private void OffsetsFetched(OffsetFetchResponse response)
    {
        var group = response.Groups.Count == 1 ? response.Groups[0] : null;
        if (!Check(group is null ? ErrorCode.UnknownServerError : (ErrorCode)group.ErrorCode))
        {
            return;
        }

        _consumer.UnassignAll();
        foreach (var topic in group!.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                _consumer.Assign(
                    topic.Name, partition.PartitionIndex, partition.CommittedOffset, partition.CommittedLeaderEpoch);
            }
        }

        State = MembershipState.Stable;
    }

    private void Beat()
    {
        _heartbeatAt = _now + _options.HeartbeatInterval;
        if (_isHeartbeating || Wire() is not { } wire)
        {
            return;
        }

        var request = new HeartbeatRequest
        {
            GroupId = _options.GroupId!,
            GenerationId = Generation,
            MemberId = MemberId,
            GroupInstanceId = _options.GroupInstanceId,
        };
        _isHeartbeating = true;
        wire.Send(ApiKey.Heartbeat, request, wire.VersionOf(ApiKey.Heartbeat), _now, this, HeartbeatToken);
    }

    private void CommitAnswered(OffsetCommitResponse response)
    {
        foreach (var topic in response.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                if (!Check((ErrorCode)partition.ErrorCode))
                {
                    return;
                }

                foreach (var sent in _committing)
                {
                    if (sent.Partition == partition.PartitionIndex && sent.Topic == topic.Name)
                    {
                        Committed.Add(sent);
                    }
                }
            }
        }
    }

    /// <summary>
    /// True where there is no error; otherwise the membership has been changed as the error demands.
    /// </summary>
    private bool Check(ErrorCode error)
    {
        switch (error)
        {
            case ErrorCode.None:
                return true;
            case ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.IllegalGeneration:
                MemberId = error == ErrorCode.IllegalGeneration ? MemberId : "";
                GoOutside();
                return false;
            case ErrorCode.RebalanceInProgress:
                GoOutside();
                return false;
            default:
                Search();
                return false;
        }
    }

    private void GoOutside()
    {
        State = MembershipState.Outside;
        GiveUp();
    }

    private void Search()
    {
        State = MembershipState.Searching;
        _coordinator = -1;
        _notBefore = _now + _options.RetryBackoff;
        _cluster.Refresh(_now);
        GiveUp();
    }

    private void GiveUp()
    {
        _turn++;
        _isBusy = false;
        _assigned = [];
        _heartbeatAt = Instant.Never;
        _consumer.UnassignAll();
    }

    /// <summary>Null while it is being dialled; a coordinator that cannot be reached is looked for anew.</summary>
    private Wire? Wire()
    {
        if (_coordinator < 0)
        {
            return null;
        }

        var wire = _cluster.Broker(_coordinator, _now);
        if (wire is null && _cluster.IsUnreachable(_coordinator, _now))
        {
            Search();
        }

        return wire;
    }

    private void Ask(Wire wire, ApiKey key, IMessage request, short version)
    {
        _isBusy = true;
        _turn++;
        wire.Send(key, request, version, _now, this, _turn);
    }

    private static OffsetCommitRequest.OffsetCommitRequestTopic TopicOf(OffsetCommitRequest request, string name)
    {
        foreach (var topic in request.Topics)
        {
            if (topic.Name == name)
            {
                return topic;
            }
        }

        var added = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = name };
        request.Topics.Add(added);
        return added;
    }
}
