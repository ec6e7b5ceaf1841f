using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// The rebalances of one classic group: members join, one of them assigns, all fetch what they were given.
/// </summary>
/// <remarks>
/// Inputs   Join (by <see cref="ClassicGroupJoin"/>), Sync, Heartbeat, Leave, timers, Unload
/// Effects  answers to requests that waited; records, by the journal
///
/// Who is a member is not replayed from the log: until a generation has its assignment, membership is only in
/// memory, as in
/// Kafka, and a new coordinator begins with the last generation that was Stable. So nobody may be told an assignment
/// before its record is committed: the group becomes Stable then, not when it appends.
/// </remarks>
public sealed class ClassicGroup : ITimed
{
    /// <summary>
    /// How long a new member's first join may be parked: it cannot send heartbeats, so nothing else ends it.
    /// </summary>
    public const int NewMemberJoinTimeoutMs = 5 * 60 * 1000;

    private const long JoinPhase = 0;
    private const long SyncPhase = 1;

    private readonly GroupContext _context;
    private readonly IGroupJournal _journal;
    private HashSet<string>? _subscribedTopics;
    private ClassicGroupState _previousState;
    private bool _wasJoinedMeanwhile;
    private long _remainingDelayMs;
    private TimerHandle? _joinTimer;
    private TimerHandle? _syncTimer;

    public ClassicGroup(string groupId, GroupContext context, IGroupJournal journal)
    {
        GroupId = groupId;
        _context = context;
        _journal = journal;
        StateTimestampMs = context.WallMs;
        Sessions = new MemberSessions(this, context);
    }

    public string GroupId { get; }

    public ClassicGroupRoster Roster { get; } = new();

    public ClassicGroupState State { get; private set; }

    public int Generation { get; private set; }

    /// <summary>Null while nobody has ever joined.</summary>
    public string? ProtocolType { get; private set; }

    /// <summary>The protocol of the generation; null in an Empty group.</summary>
    public string? ProtocolName { get; private set; }

    /// <summary>When the state last changed, by the wall clock; null where the log does not say.</summary>
    public long? StateTimestampMs { get; private set; }

    /// <summary>False where the members' topics cannot be known: another protocol type, or other bytes.</summary>
    public bool KnowsSubscription => _subscribedTopics is not null;

    public MemberSessions Sessions { get; }

    internal GroupContext Context => _context;

    internal IGroupJournal Journal => _journal;

    public bool UsesConsumerProtocol => ProtocolType == ConsumerSubscription.ProtocolType;

    /// <summary>True where everybody who is expected has joined.</summary>
    public bool HasAllMembersJoined => Sessions.PendingMembers == 0 && Roster.AwaitingJoin == Roster.Count;

    /// <summary>A consumer group whose topics are unknown counts as subscribed to all of them.</summary>
    public bool IsSubscribedTo(string topic) => _subscribedTopics?.Contains(topic) ?? UsesConsumerProtocol;

    /// <summary>Takes over what the log says of the group's last finished generation.</summary>
    public void Restore(GroupMetadataValue value)
    {
        Invariant.Check(Roster.Count == 0 && State == ClassicGroupState.Empty);
        Generation = value.Generation;
        ProtocolType = value.ProtocolType is { Length: > 0 } type ? type : null;
        ProtocolName = value.Protocol;
        StateTimestampMs = value.CurrentStateTimestamp == -1 ? null : value.CurrentStateTimestamp;
        foreach (var member in GroupRecords.MembersOf(value))
        {
            Roster.Add(member);
        }

        Roster.RestoreLeader(value.Leader);
        State = Roster.Count == 0 ? ClassicGroupState.Empty : ClassicGroupState.Stable;
        _previousState = State;
        FindSubscribedTopics();
    }

    /// <summary>The log is loaded: sessions begin to run.</summary>
    public void BeginSessions()
    {
        foreach (var member in Roster.Members)
        {
            Sessions.Extend(member);
        }

        if (Roster.Count > _context.Config.MaxSize)
        {
            PrepareRebalance();
        }
    }

    /// <summary>A member brings the assignment, or asks for its own.</summary>
    public void Sync(SyncGroupRequest request, Action<SyncGroupResponse> answer)
    {
        var error = ValidateSync(request);
        if (error != ErrorCode.None)
        {
            _context.Answers.Add(answer, new SyncGroupResponse { ErrorCode = (short)error });
            return;
        }

        var member = Roster.Find(request.MemberId)!;
        member.IsPendingSync = false;
        StopSyncTimerWhenAllAsked();
        if (State == ClassicGroupState.Stable)
        {
            _context.Answers.Add(answer, MembershipAnswers.OfSync(this, member, ErrorCode.None));
            return;
        }

        // A client that asks twice has given the first request up; it must not keep its connection blocked for ever.
        AnswerSync(member, ErrorCode.RebalanceInProgress);
        member.AwaitingSync = answer;
        if (Roster.IsLeader(member.MemberId))
        {
            AppendAssignment(request);
        }
    }

    public ErrorCode Heartbeat(HeartbeatRequest request)
    {
        if (State == ClassicGroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        var error = Roster.Validate(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        // In CompletingRebalance as well: a member that has its join answer but not its assignment is alive, not
        // late.
        Sessions.Extend(Roster.Find(request.MemberId)!);
        return State == ClassicGroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>Members leave, or an operator removes them; each is answered by itself.</summary>
    public LeaveGroupResponse Leave(LeaveGroupRequest request)
    {
        var response = new LeaveGroupResponse();
        if (State == ClassicGroupState.Dead)
        {
            response.ErrorCode = (short)ErrorCode.CoordinatorNotAvailable;
            return response;
        }

        var hasRemoved = false;
        foreach (var leaving in request.Members)
        {
            var error = LeaveOne(leaving.MemberId, leaving.GroupInstanceId);
            hasRemoved |= error == ErrorCode.None;
            response.Members.Add(new LeaveGroupResponse.MemberResponse
            {
                MemberId = leaving.MemberId,
                GroupInstanceId = leaving.GroupInstanceId,
                ErrorCode = (short)error,
            });
        }

        if (hasRemoved)
        {
            MemberLeft();
        }

        CheckInvariants();
        return response;
    }

    /// <summary>The coordinator moves away or the group is deleted: everybody who waits is told.</summary>
    public void Unload(ErrorCode error)
    {
        _context.Timers.Cancel(_joinTimer);
        _context.Timers.Cancel(_syncTimer);
        Sessions.EndAll();
        foreach (var member in Roster.Members)
        {
            AnswerJoin(member, MembershipAnswers.JoinRefusal(member.MemberId, error));
            AnswerSync(member, error);
        }

        State = ClassicGroupState.Dead;
    }

    public void TimerFired(in Now now, long token)
    {
        if (token == JoinPhase)
        {
            JoinPhaseTimedOut();
        }
        else
        {
            SyncPhaseTimedOut();
        }

        CheckInvariants();
        _context.Answers.Send();
    }

    /// <summary>An id that was held for its owner is given up: nobody waits for it any longer.</summary>
    internal void PendingMemberExpired()
    {
        CompleteJoinIfAllJoined();
        CheckInvariants();
    }

    /// <summary>A member was silent for the length of its session.</summary>
    internal void SessionEnded(ClassicGroupMember member)
    {
        if (!member.IsExcusedFromHeartbeats)
        {
            _context.Effects.Reached(ProbePoint.MemberSessionExpired);
            RemoveMember(member);
            MemberLeft();
        }

        CheckInvariants();
    }

    /// <summary>Answers a JoinGroup that waits, if one does.</summary>
    internal void AnswerJoin(ClassicGroupMember member, JoinGroupResponse response)
    {
        if (member.AwaitingJoin is { } answer)
        {
            member.AwaitingJoin = null;
            _context.Answers.Add(answer, response);
        }
    }

    /// <summary>A new member joins and waits.</summary>
    internal void AddMember(ClassicGroupMember member, string protocolType)
    {
        Sessions.StopPending(member.MemberId);
        if (Roster.Count == 0)
        {
            ProtocolType = protocolType;
        }

        _wasJoinedMeanwhile |= State == ClassicGroupState.PreparingRebalance
            && _previousState == ClassicGroupState.Empty;
        member.IsNew = true;
        Roster.Add(member);
        Sessions.Extend(member, NewMemberJoinTimeoutMs);
        RebalanceOrCompleteJoin();
    }

    /// <summary>
    /// Begins a rebalance where none is in its join phase, else ends that phase if nobody is missing.
    /// </summary>
    internal void RebalanceOrCompleteJoin()
    {
        if (State == ClassicGroupState.PreparingRebalance)
        {
            CompleteJoinIfAllJoined();
        }
        else
        {
            PrepareRebalance();
        }
    }

    /// <summary>
    /// Ends the join phase if everybody is here, except in the first rebalance, which always waits its delay.
    /// </summary>
    internal void CompleteJoinIfAllJoined()
    {
        if (State == ClassicGroupState.PreparingRebalance
            && _previousState != ClassicGroupState.Empty
            && HasAllMembersJoined)
        {
            CompleteJoin();
        }
    }

    internal void PrepareRebalance()
    {
        Invariant.Check(State is not (ClassicGroupState.PreparingRebalance or ClassicGroupState.Dead));
        if (State == ClassicGroupState.CompletingRebalance)
        {
            Propagate(ErrorCode.RebalanceInProgress);
        }

        _context.Timers.Cancel(_syncTimer);
        var isFirst = State == ClassicGroupState.Empty;
        MoveTo(ClassicGroupState.PreparingRebalance);
        if (isFirst)
        {
            var delay = _context.Config.InitialRebalanceDelayMs;
            _wasJoinedMeanwhile = false;
            _remainingDelayMs = Math.Max(Roster.RebalanceTimeoutMs - delay, 0);
            _joinTimer = _context.After(delay, this, JoinPhase);
        }
        else if (HasAllMembersJoined)
        {
            CompleteJoin();
        }
        else
        {
            _joinTimer = _context.After(Roster.RebalanceTimeoutMs, this, JoinPhase);
        }
    }

    /// <summary>Puts a new member in the place of a static one, whose requests are answered: it is fenced.</summary>
    internal void ReplaceMember(ClassicGroupMember old, ClassicGroupMember by)
    {
        Sessions.End(old);
        AnswerJoin(old, MembershipAnswers.JoinRefusal(old.MemberId, ErrorCode.FencedInstanceId));
        AnswerSync(old, ErrorCode.FencedInstanceId);
        by.Assignment = old.Assignment;
        by.IsPendingSync = old.IsPendingSync;
        Roster.Replace(old, by);
        Sessions.Extend(by);
    }

    internal void CheckInvariants()
    {
        Roster.CheckInvariants();
        var hasMembers = Roster.Count > 0;
        Invariant.Check(State != ClassicGroupState.Empty || !hasMembers);
        Invariant.Check(
            State is not (ClassicGroupState.Stable or ClassicGroupState.CompletingRebalance)
            || (hasMembers && ProtocolName is not null));
        Invariant.Check(State != ClassicGroupState.PreparingRebalance || _joinTimer is { IsPending: true });
        foreach (var member in Roster.Members)
        {
            Invariant.Check(!member.IsAwaitingJoin || State == ClassicGroupState.PreparingRebalance);
            Invariant.Check(member.AwaitingSync is null || State == ClassicGroupState.CompletingRebalance);
        }
    }

    private ErrorCode ValidateSync(SyncGroupRequest request)
    {
        if (State == ClassicGroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        var error = Roster.Validate(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        if (Contradicts(request.ProtocolType, ProtocolType) || Contradicts(request.ProtocolName, ProtocolName))
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        return State == ClassicGroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>Silence contradicts nothing, on either side: a first generation has no protocol yet.</summary>
    private static bool Contradicts(string? said, string? chosen) =>
        said is not null && chosen is not null && said != chosen;

    private void AppendAssignment(SyncGroupRequest request)
    {
        var given = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var one in request.Assignments)
        {
            given[one.MemberId] = one.Assignment.ToArray();
        }

        var generation = Generation;
        var record = GroupRecords.OfGroup(this, member => given.GetValueOrDefault(member.MemberId));
        _journal.Append([record], error => AssignmentCommitted(generation, given, error));
    }

    private void AssignmentCommitted(
        int generation, Dictionary<string, ReadOnlyMemory<byte>> given, ErrorCode error)
    {
        // A member may have joined or gone while the record was on its way: then this generation is over.
        if (State != ClassicGroupState.CompletingRebalance || Generation != generation)
        {
            return;
        }

        if (error != ErrorCode.None)
        {
            Propagate(error);
            PrepareRebalance();
            return;
        }

        MoveTo(ClassicGroupState.Stable);
        foreach (var member in Roster.Members)
        {
            member.Assignment = given.GetValueOrDefault(member.MemberId);
            EndSync(member, ErrorCode.None);
        }

        CheckInvariants();
    }

    /// <summary>No assignment will come in this generation: who waits for one is told why.</summary>
    private void Propagate(ErrorCode error)
    {
        foreach (var member in Roster.Members)
        {
            member.Assignment = default;
            EndSync(member, error);
        }
    }

    /// <summary>While it waited its session could not end; now it counts again.</summary>
    private void EndSync(ClassicGroupMember member, ErrorCode error)
    {
        if (member.AwaitingSync is not null)
        {
            AnswerSync(member, error);
            Sessions.Extend(member);
        }
    }

    private ErrorCode LeaveOne(string memberId, string? groupInstanceId)
    {
        if (memberId.Length == 0)
        {
            // An operator removes a static member by its instance id alone.
            if (groupInstanceId is null || Roster.MemberIdOf(groupInstanceId) is not { } current)
            {
                return ErrorCode.UnknownMemberId;
            }

            RemoveMember(Roster.Find(current)!);
            return ErrorCode.None;
        }

        if (Sessions.StopPending(memberId))
        {
            return ErrorCode.None;
        }

        var error = Roster.Validate(memberId, groupInstanceId);
        if (error == ErrorCode.None)
        {
            RemoveMember(Roster.Find(memberId)!);
        }

        return error;
    }

    /// <summary>A member is gone: whoever is left shares anew, or no longer waits for it.</summary>
    private void MemberLeft()
    {
        if (State is ClassicGroupState.Stable or ClassicGroupState.CompletingRebalance)
        {
            PrepareRebalance();
        }
        else
        {
            CompleteJoinIfAllJoined();
        }
    }

    private void RemoveMember(ClassicGroupMember member)
    {
        Sessions.End(member);
        AnswerJoin(member, MembershipAnswers.JoinRefusal("", ErrorCode.UnknownMemberId));
        AnswerSync(member, ErrorCode.UnknownMemberId);
        Roster.Remove(member);
    }

    private void JoinPhaseTimedOut()
    {
        Invariant.Check(State == ClassicGroupState.PreparingRebalance);
        if (_previousState == ClassicGroupState.Empty && _wasJoinedMeanwhile && _remainingDelayMs > 0)
        {
            var delay = Math.Min(_context.Config.InitialRebalanceDelayMs, _remainingDelayMs);
            _wasJoinedMeanwhile = false;
            _remainingDelayMs -= delay;
            _joinTimer = _context.After(delay, this, JoinPhase);
            return;
        }

        CompleteJoin();
    }

    /// <summary>The join phase is over: who did not come is out, who came gets the next generation.</summary>
    private void CompleteJoin()
    {
        _context.Timers.Cancel(_joinTimer);
        for (var i = Roster.Count - 1; i >= 0; i--)
        {
            var member = Roster.Members[i];
            if (!member.IsAwaitingJoin && member.GroupInstanceId is null)
            {
                RemoveMember(member);
            }
        }

        if (!Roster.ElectJoinedLeader() && Roster.Count > 0)
        {
            // Only static members that did not come: they stay until their sessions end, so wait once more.
            _joinTimer = _context.After(Roster.RebalanceTimeoutMs, this, JoinPhase);
            return;
        }

        Generation++;
        ProtocolName = Roster.Count == 0 ? null : Roster.SelectProtocol();
        FindSubscribedTopics();
        if (Roster.Count == 0)
        {
            MoveTo(ClassicGroupState.Empty);
            _journal.Append([GroupRecords.OfGroup(this, _ => default)], _ => { });
            return;
        }

        MoveTo(ClassicGroupState.CompletingRebalance);
        foreach (var member in Roster.Members)
        {
            member.IsNew = false;
            member.IsPendingSync = true;
            AnswerJoin(member, MembershipAnswers.OfJoin(this, member));
            Sessions.Extend(member);
        }

        _syncTimer = _context.After(Roster.RebalanceTimeoutMs, this, SyncPhase);
    }

    private void SyncPhaseTimedOut()
    {
        Invariant.Check(State is ClassicGroupState.Stable or ClassicGroupState.CompletingRebalance);
        for (var i = Roster.Count - 1; i >= 0; i--)
        {
            if (Roster.Members[i].IsPendingSync)
            {
                RemoveMember(Roster.Members[i]);
            }
        }

        PrepareRebalance();
    }

    private void StopSyncTimerWhenAllAsked()
    {
        if (!Roster.HasPendingSync)
        {
            _context.Timers.Cancel(_syncTimer);
        }
    }

    private void MoveTo(ClassicGroupState state)
    {
        _previousState = State;
        State = state;
        StateTimestampMs = _context.WallMs;
        _context.Effects.Add(new Note(NoteKind.GroupChanged, GroupId, Generation, Roster.Count));
    }

    private void FindSubscribedTopics() => _subscribedTopics =
        UsesConsumerProtocol ? ConsumerSubscription.TopicsOf(Roster.Members, ProtocolName) : null;

    private void AnswerSync(ClassicGroupMember member, ErrorCode error)
    {
        if (member.AwaitingSync is { } answer)
        {
            member.AwaitingSync = null;
            _context.Answers.Add(answer, MembershipAnswers.OfSync(this, member, error));
        }
    }
}
