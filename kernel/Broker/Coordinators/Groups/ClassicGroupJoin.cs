using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// What a classic group makes of one JoinGroup: refuse, answer at once, or let it wait for the join phase to end.
/// </summary>
/// <remarks>
/// The order of the checks is what clients see as precedence of errors, and is Kafka's. The one rule: a rejoin of a
/// follower that changes nothing must not begin a rebalance, or groups would never come to rest.
/// </remarks>
public sealed class ClassicGroupJoin
{
    /// <summary>First version in which a member must come back with the id it is given (KIP-394).</summary>
    private const short FirstWithKnownMemberId = 4;

    /// <summary>First version that can tell a leader not to assign (KIP-814).</summary>
    private const short FirstWithSkipAssignment = 9;

    private readonly ClassicGroup _group;
    private readonly Caller _caller;
    private readonly JoinGroupRequest _request;
    private readonly Action<JoinGroupResponse> _answer;
    private MemberSettings? _settings;

    private ClassicGroupJoin(
        ClassicGroup group, Caller caller, JoinGroupRequest request, Action<JoinGroupResponse> answer)
    {
        _group = group;
        _caller = caller;
        _request = request;
        _answer = answer;
    }

    private GroupContext Context => _group.Context;

    private ClassicGroupRoster Roster => _group.Roster;

    /// <summary>Decides; <paramref name="answer"/> is called once, now or later.</summary>
    public static void Decide(
        ClassicGroup group, in Caller caller, JoinGroupRequest request, Action<JoinGroupResponse> answer)
    {
        new ClassicGroupJoin(group, caller, request, answer).Decide();
        group.CheckInvariants();
    }

    private void Decide()
    {
        var memberId = _request.MemberId;
        if (!HasRoom(memberId))
        {
            _group.Sessions.StopPending(memberId);
            Refuse("", ErrorCode.GroupMaxSizeReached);
        }
        else if (_group.State == ClassicGroupState.Dead)
        {
            Refuse(memberId, ErrorCode.CoordinatorNotAvailable);
        }
        else if (!SupportsProtocols())
        {
            Refuse(memberId, ErrorCode.InconsistentGroupProtocol);
        }
        else if (memberId.Length > 0)
        {
            KnownMember(memberId);
        }
        else if (_request.GroupInstanceId is { } instance)
        {
            StaticMember(instance, Context.NewMemberId(instance));
        }
        else
        {
            DynamicMember(Context.NewMemberId(_caller.ClientId));
        }
    }

    private bool HasRoom(string memberId)
    {
        var max = Context.Config.MaxSize;
        return _group.State switch
        {
            ClassicGroupState.Empty or ClassicGroupState.Dead => true,
            ClassicGroupState.PreparingRebalance =>
                Roster.Find(memberId) is { IsAwaitingJoin: true } || Roster.AwaitingJoin < max,
            ClassicGroupState.CompletingRebalance or ClassicGroupState.Stable =>
                Roster.Find(memberId) is not null || Roster.Count < max,
        };
    }

    private bool SupportsProtocols()
    {
        if (_group.State == ClassicGroupState.Empty)
        {
            return _request.ProtocolType.Length > 0 && _request.Protocols.Count > 0;
        }

        return _request.ProtocolType == _group.ProtocolType && Roster.SupportsAny(Settings().Protocols);
    }

    private void DynamicMember(string newId)
    {
        if (_caller.ApiVersion < FirstWithKnownMemberId)
        {
            AddMember(newId);
        }
        else if (_group.Sessions.PendingMembers >= MemberSessions.MaxPendingMembers)
        {
            Refuse("", ErrorCode.GroupMaxSizeReached);
        }
        else
        {
            _group.Sessions.AddPending(newId, _request.SessionTimeoutMs);
            Refuse(newId, ErrorCode.MemberIdRequired);
        }
    }

    private void StaticMember(string instance, string newId)
    {
        if (Roster.MemberIdOf(instance) is { } oldId)
        {
            ReplaceStaticMember(Roster.Find(oldId)!, newId);
        }
        else
        {
            AddMember(newId);
        }
    }

    private void KnownMember(string memberId)
    {
        if (_group.Sessions.IsPending(memberId))
        {
            // An id is only held for dynamic members; one that comes back as a static one is somebody else's
            // invention.
            if (_request.GroupInstanceId is null)
            {
                AddMember(memberId);
            }
            else
            {
                Refuse("", ErrorCode.UnknownServerError);
            }

            return;
        }

        var error = Roster.Validate(memberId, _request.GroupInstanceId);
        if (error == ErrorCode.None && _group.State == ClassicGroupState.Empty)
        {
            error = ErrorCode.UnknownMemberId;
        }

        if (error != ErrorCode.None)
        {
            Refuse(memberId, error);
            return;
        }

        var member = Roster.Find(memberId)!;
        if (IsNoChange(member))
        {
            var response = MembershipAnswers.OfJoin(_group, member);
            if (_group.State == ClassicGroupState.Stable)
            {
                response.Members.Clear();
            }

            Context.Answers.Add(_answer, response);
        }
        else
        {
            Wait(member);
            _group.RebalanceOrCompleteJoin();
        }
    }

    /// <summary>
    /// True where the member may simply be told the current generation again. A leader that rejoins a Stable group
    /// wants
    /// to assign anew: something that its metadata does not show has changed.
    /// </summary>
    private bool IsNoChange(ClassicGroupMember member) => _group.State switch
    {
        ClassicGroupState.CompletingRebalance => member.Matches(Settings().Protocols),
        ClassicGroupState.Stable => !Roster.IsLeader(member.MemberId) && member.Matches(Settings().Protocols),
        ClassicGroupState.PreparingRebalance or ClassicGroupState.Empty or ClassicGroupState.Dead => false,
    };

    private void ReplaceStaticMember(ClassicGroupMember old, string newId)
    {
        var oldLeader = Roster.LeaderId;
        var member = new ClassicGroupMember(newId, old.GroupInstanceId, old.ClientId, old.ClientHost)
        {
            Settings = old.Settings,
        };
        _group.ReplaceMember(old, member);
        Context.Effects.Reached(ProbePoint.StaticMemberReplaced);
        Wait(member);
        if (_group.State == ClassicGroupState.CompletingRebalance)
        {
            // The leader may be assigning to the old id right now; its assignment would miss the new one.
            _group.PrepareRebalance();
        }
        else if (_group.State == ClassicGroupState.Stable && Roster.SelectProtocol() == _group.ProtocolName)
        {
            KeepGeneration(member, oldLeader);
        }
        else
        {
            _group.RebalanceOrCompleteJoin();
        }
    }

    /// <summary>
    /// The replacement takes the old member's place and assignment, once the log says so, without a rebalance.
    /// </summary>
    private void KeepGeneration(ClassicGroupMember member, string? oldLeader)
    {
        member.AwaitingJoin = null;
        var response = MembershipAnswers.OfJoin(_group, member);
        if (_caller.ApiVersion >= FirstWithSkipAssignment)
        {
            response.SkipAssignment = Roster.IsLeader(member.MemberId);
        }
        else
        {
            // An old client that found itself leader would assign; it is shown the leader that was.
            response.Members.Clear();
            response.Leader = oldLeader ?? "";
        }

        var record = GroupRecords.OfGroup(_group, one => one.Assignment);
        _group.Journal.Append([record], error => Context.Answers.Add(
            _answer, error == ErrorCode.None ? response : MembershipAnswers.JoinRefusal("", error)));
    }

    private void AddMember(string memberId)
    {
        var member = new ClassicGroupMember(
            memberId, _request.GroupInstanceId, _caller.ClientId, _caller.ClientHost)
        {
            Settings = Settings(),
            AwaitingJoin = _answer,
        };
        _group.AddMember(member, _request.ProtocolType);
    }

    /// <summary>The member's join waits for the end of the join phase, with what it says now.</summary>
    private void Wait(ClassicGroupMember member)
    {
        // A client that joins twice has given the first request up; it must not keep its connection blocked for ever.
        _group.AnswerJoin(member, MembershipAnswers.JoinRefusal(member.MemberId, ErrorCode.RebalanceInProgress));
        Roster.Change(member, Settings());
        member.AwaitingJoin = _answer;
    }

    /// <summary>What the request says of the member, with bytes of its own: the frame is only lent.</summary>
    private MemberSettings Settings()
    {
        if (_settings is not null)
        {
            return _settings;
        }

        var protocols = new List<MemberProtocol>(_request.Protocols.Count);
        foreach (var protocol in _request.Protocols)
        {
            protocols.Add(new MemberProtocol(protocol.Name, protocol.Metadata.ToArray()));
        }

        var rebalanceTimeoutMs = _caller.ApiVersion == 0 ? _request.SessionTimeoutMs : _request.RebalanceTimeoutMs;
        return _settings = new MemberSettings(rebalanceTimeoutMs, _request.SessionTimeoutMs, protocols);
    }

    private void Refuse(string memberId, ErrorCode error) =>
        Context.Answers.Add(_answer, MembershipAnswers.JoinRefusal(memberId, error));
}
