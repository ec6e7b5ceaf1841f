using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// All groups of one partition of <c>__consumer_offsets</c>: membership requests are routed to their groups.
/// </summary>
/// <remarks>
/// Inputs   Join, Sync, Heartbeat, Leave, Delete, List, Describe, retention timer; records by the runtime
/// Effects  records appended through the shard; answers
///
/// A group is here because the log says so (a generation or an offset) or because somebody has just joined it.
/// Offsets are
/// in <see cref="GroupOffsets"/>; both stand on the same fold.
/// </remarks>
public sealed class GroupMachine : ICoordinatorMachine, IGroupJournal, ITimed
{
    /// <summary>Bound: groups of one partition. A join or commit that would create one more is refused.</summary>
    public const int MaxGroups = 1_000_000;

    private readonly GroupContext _context;
    private readonly SortedDictionary<string, ClassicGroup> _groups = new(StringComparer.Ordinal);

    /// <summary>Groups of which no record speaks, made since the last record of this partition.</summary>
    private readonly SortedSet<string> _unseen = new(StringComparer.Ordinal);
    private CoordinatorShard? _shard;
    private TimerHandle? _retentionTimer;

    public GroupMachine(GroupContext context)
    {
        _context = context;
        Offsets = new GroupOffsets(context, this);
    }

    /// <summary>What the records say.</summary>
    public GroupFold Fold { get; } = new();

    public GroupOffsets Offsets { get; }

    /// <summary>All groups, in ordinal order of their ids.</summary>
    public SortedDictionary<string, ClassicGroup> Groups => _groups;

    /// <summary>The shard that runs this machine; set once, before anything else.</summary>
    public void Attach(CoordinatorShard shard)
    {
        Invariant.Check(_shard is null);
        _shard = shard;
    }

    // Records

    public void Replay(CoordinatorRecord record, Offset at)
    {
        _unseen.Clear();
        Fold.Replay(record, at);
    }

    public CoordinatorRecord? Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isTombstone) =>
        GroupRecords.Read(key, value, isTombstone);

    public void Append(List<CoordinatorRecord> records, Action<ErrorCode> whenCommitted) =>
        _shard!.Append(records, whenCommitted);

    public void Loaded()
    {
        foreach (var (groupId, value) in Fold.Groups)
        {
            NewGroup(groupId).Restore(value);
        }

        foreach (var (groupId, _) in Fold.Offsets)
        {
            if (!_groups.ContainsKey(groupId))
            {
                NewGroup(groupId);
            }
        }

        foreach (var (_, group) in _groups)
        {
            group.BeginSessions();
        }

        if (_groups.Count > 0)
        {
            _context.Effects.Reached(ProbePoint.GroupsReloaded);
        }

        ArmRetention();
        _context.Answers.Send();
    }

    public void Unloaded(ErrorCode error)
    {
        _context.Timers.Cancel(_retentionTimer);
        foreach (var (_, group) in _groups)
        {
            group.Unload(error);
        }

        _groups.Clear();
        _unseen.Clear();
        Fold.Clear();
        _context.Answers.Send();
    }

    // Membership

    public void Join(in Caller caller, JoinGroupRequest request, Action<JoinGroupResponse> answer)
    {
        var group = Find(request.GroupId);
        if (group is null)
        {
            if (request.MemberId.Length > 0)
            {
                answer(MembershipAnswers.JoinRefusal(request.MemberId, ErrorCode.UnknownMemberId));
                return;
            }

            group = Create(request.GroupId);
            if (group is null)
            {
                answer(MembershipAnswers.JoinRefusal("", ErrorCode.GroupMaxSizeReached));
                return;
            }

            // The log learns of the group before anybody is in it; if it cannot, there is no group.
            var refusal = ErrorCode.None;
            _shard!.Append([GroupRecords.OfGroup(group, _ => default)], error => refusal = error);
            if (refusal != ErrorCode.None)
            {
                _groups.Remove(request.GroupId);
                answer(MembershipAnswers.JoinRefusal("", refusal));
                return;
            }
        }

        ClassicGroupJoin.Decide(group, caller, request, answer);
        _context.Answers.Send();
    }

    public void Sync(SyncGroupRequest request, Action<SyncGroupResponse> answer)
    {
        if (Find(request.GroupId) is { } group)
        {
            group.Sync(request, answer);
            _context.Answers.Send();
        }
        else
        {
            answer(new SyncGroupResponse { ErrorCode = (short)ErrorCode.UnknownMemberId });
        }
    }

    public ErrorCode Heartbeat(HeartbeatRequest request) =>
        Find(request.GroupId)?.Heartbeat(request) ?? ErrorCode.UnknownMemberId;

    public void Leave(LeaveGroupRequest request, Action<LeaveGroupResponse> answer)
    {
        var group = Find(request.GroupId);
        var response = group?.Leave(request) ?? NobodyLeft(request);
        _context.Answers.Send();

        // Where the last member left, that is a record; who left must not be a member again after a crash.
        _shard!.WhenCommitted(error => answer(
            error == ErrorCode.None ? response : new LeaveGroupResponse { ErrorCode = (short)error }));
    }

    // Groups as a whole

    /// <summary>
    /// Deletes an Empty group and its offsets. <paramref name="answer"/> is called when that is committed.
    /// </summary>
    public void Delete(string groupId, Action<ErrorCode> answer)
    {
        if (Find(groupId) is not { } group)
        {
            answer(ErrorCode.GroupIdNotFound);
            return;
        }

        if (group.State != ClassicGroupState.Empty)
        {
            answer(ErrorCode.NonEmptyGroup);
            return;
        }

        var records = new List<CoordinatorRecord>();
        Offsets.TombstoneAll(groupId, records);
        AppendDeletion(group, records, error => answer(error));
    }

    /// <summary>
    /// Appends the tombstones and forgets the group, or, where the log does not take them, keeps it.
    /// </summary>
    private void AppendDeletion(ClassicGroup group, List<CoordinatorRecord> records, Action<ErrorCode> whenCommitted)
    {
        records.Add(GroupRecords.GroupTombstone(group.GroupId));
        _shard!.Append(records, whenCommitted);
        if (!Fold.Groups.ContainsKey(group.GroupId) && !Fold.Offsets.ContainsKey(group.GroupId))
        {
            _groups.Remove(group.GroupId);
            group.Unload(ErrorCode.UnknownMemberId);
        }

        _context.Answers.Send();
    }

    /// <summary>Calls back once what was read from this machine until now is committed.</summary>
    public void WhenCommitted(Action<ErrorCode> whenCommitted) => _shard!.WhenCommitted(whenCommitted);

    public ClassicGroup? Find(string groupId) => _groups.GetValueOrDefault(groupId);

    /// <summary>A new Empty group in memory; null where there are too many.</summary>
    public ClassicGroup? Create(string groupId) => _groups.Count >= MaxGroups ? null : NewGroup(groupId);

    /// <summary>
    /// A new Empty group that describing and listing do not show before the partition's next record; null where there
    /// are too many.
    /// </summary>
    public ClassicGroup? CreateUnseen(string groupId)
    {
        var group = Create(groupId);
        if (group is not null)
        {
            _unseen.Add(groupId);
        }

        return group;
    }

    /// <summary>Whether those who only read are shown this group.</summary>
    public bool IsSeen(string groupId) => !_unseen.Contains(groupId);

    /// <summary>Offsets whose time has come are deleted, and then Empty groups that have none.</summary>
    public void TimerFired(in Now now, long token)
    {
        var expired = new List<ClassicGroup>();
        foreach (var (_, group) in _groups)
        {
            var records = new List<CoordinatorRecord>();
            var hasNoneLeft = Offsets.Expire(group, records);
            if (hasNoneLeft && group.State == ClassicGroupState.Empty)
            {
                expired.Add(group);
            }
            else if (records.Count > 0)
            {
                _shard!.Append(records, _ => { });
            }
        }

        foreach (var group in expired)
        {
            var records = new List<CoordinatorRecord>();
            Offsets.TombstoneAll(group.GroupId, records);
            AppendDeletion(group, records, _ => { });
        }

        ArmRetention();
    }

    private ClassicGroup NewGroup(string groupId)
    {
        var group = new ClassicGroup(groupId, _context, this);
        _groups.Add(groupId, group);
        return group;
    }

    private void ArmRetention() => _retentionTimer = _context.Timers.Set(
        _context.Instant + _context.Config.OffsetsRetentionCheckInterval, this);

    private static LeaveGroupResponse NobodyLeft(LeaveGroupRequest request)
    {
        var response = new LeaveGroupResponse();
        foreach (var member in request.Members)
        {
            response.Members.Add(new LeaveGroupResponse.MemberResponse
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ErrorCode = (short)ErrorCode.UnknownMemberId,
            });
        }

        return response;
    }
}
