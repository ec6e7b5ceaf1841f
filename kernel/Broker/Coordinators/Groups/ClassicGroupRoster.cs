using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// Who is in a classic group: members in the order in which they came, their leader, their instance ids.
/// </summary>
/// <remarks>
/// Bookkeeping only; when to do what is decided in <see cref="ClassicGroup"/>. Members are walked in the order of
/// their
/// arrival, because the order reaches answers, elections and votes.
/// </remarks>
public sealed class ClassicGroupRoster
{
    private readonly List<ClassicGroupMember> _members = [];
    private readonly Dictionary<string, ClassicGroupMember> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _memberIdByInstance = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _supporters = new(StringComparer.Ordinal);

    /// <summary>All members, oldest first.</summary>
    public IReadOnlyList<ClassicGroupMember> Members => _members;

    public int Count => _members.Count;

    /// <summary>Null only where there are no members.</summary>
    public string? LeaderId { get; private set; }

    /// <summary>The longest that any member asks to be waited for.</summary>
    public int RebalanceTimeoutMs
    {
        get
        {
            var longest = 0;
            foreach (var member in _members)
            {
                longest = Math.Max(longest, member.Settings.RebalanceTimeoutMs);
            }

            return longest;
        }
    }

    /// <summary>Members that have joined and wait for the join phase to end.</summary>
    public int AwaitingJoin
    {
        get
        {
            var count = 0;
            foreach (var member in _members)
            {
                count += member.IsAwaitingJoin ? 1 : 0;
            }

            return count;
        }
    }

    /// <summary>True where some member has not asked for its assignment yet.</summary>
    public bool HasPendingSync
    {
        get
        {
            foreach (var member in _members)
            {
                if (member.IsPendingSync)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public ClassicGroupMember? Find(string memberId) => _byId.GetValueOrDefault(memberId);

    /// <summary>The member id that holds an instance id, or null.</summary>
    public string? MemberIdOf(string groupInstanceId) => _memberIdByInstance.GetValueOrDefault(groupInstanceId);

    public bool IsLeader(string memberId) => LeaderId == memberId;

    public void Add(ClassicGroupMember member)
    {
        _byId.Add(member.MemberId, member);
        _members.Add(member);
        if (member.GroupInstanceId is { } instance)
        {
            _memberIdByInstance.Add(instance, member.MemberId);
        }

        LeaderId ??= member.MemberId;
        CountSupport(member.Settings.Protocols, 1);
        CheckInvariants();
    }

    /// <summary>Takes a member out; where it led, the oldest of the others leads.</summary>
    public void Remove(ClassicGroupMember member)
    {
        Invariant.Check(_byId.Remove(member.MemberId));
        _members.Remove(member);
        if (member.GroupInstanceId is { } instance)
        {
            _memberIdByInstance.Remove(instance);
        }

        if (LeaderId == member.MemberId)
        {
            LeaderId = _members.Count == 0 ? null : _members[0].MemberId;
        }

        CountSupport(member.Settings.Protocols, -1);
        CheckInvariants();
    }

    /// <summary>Puts a static member in the place of the one that had its instance id, leadership included.</summary>
    public void Replace(ClassicGroupMember old, ClassicGroupMember by)
    {
        Invariant.Check(old.GroupInstanceId is not null && old.GroupInstanceId == by.GroupInstanceId);
        _members[_members.IndexOf(old)] = by;
        _byId.Remove(old.MemberId);
        _byId.Add(by.MemberId, by);
        _memberIdByInstance[old.GroupInstanceId] = by.MemberId;
        if (LeaderId == old.MemberId)
        {
            LeaderId = by.MemberId;
        }

        CountSupport(old.Settings.Protocols, -1);
        CountSupport(by.Settings.Protocols, 1);
        CheckInvariants();
    }

    public void Change(ClassicGroupMember member, MemberSettings settings)
    {
        CountSupport(member.Settings.Protocols, -1);
        member.Settings = settings;
        CountSupport(settings.Protocols, 1);
    }

    /// <summary>Makes the loaded leader lead, where the log names one that is here.</summary>
    public void RestoreLeader(string? leaderId)
    {
        if (leaderId is not null && _byId.ContainsKey(leaderId))
        {
            LeaderId = leaderId;
        }
    }

    /// <summary>
    /// Sees to it that the leader is one who has joined. False where nobody has: the rebalance cannot be completed.
    /// </summary>
    public bool ElectJoinedLeader()
    {
        if (LeaderId is null)
        {
            return false;
        }

        if (_byId[LeaderId].IsAwaitingJoin)
        {
            return true;
        }

        foreach (var member in _members)
        {
            if (member.IsAwaitingJoin)
            {
                LeaderId = member.MemberId;
                return true;
            }
        }

        return false;
    }

    /// <summary>True where every member supports at least one of these protocols in common.</summary>
    public bool SupportsAny(IReadOnlyList<MemberProtocol> protocols)
    {
        foreach (var protocol in protocols)
        {
            if (IsSupportedByAll(protocol.Name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The protocol that most members name first among those that all support; of equals, the one voted for first.
    /// </summary>
    public string SelectProtocol()
    {
        Invariant.Check(_members.Count > 0);
        var candidates = new List<(string Name, int Votes)>();
        foreach (var member in _members)
        {
            var vote = VoteOf(member);
            var index = candidates.FindIndex(candidate => candidate.Name == vote);
            if (index < 0)
            {
                candidates.Add((vote, 1));
            }
            else
            {
                candidates[index] = (vote, candidates[index].Votes + 1);
            }
        }

        var best = candidates[0];
        foreach (var candidate in candidates)
        {
            best = candidate.Votes > best.Votes ? candidate : best;
        }

        return best.Name;
    }

    /// <summary>Refuses a sender that is not who it says: a stale static member, or nobody we know.</summary>
    public ErrorCode Validate(string memberId, string? groupInstanceId)
    {
        if (groupInstanceId is not null)
        {
            var current = MemberIdOf(groupInstanceId);
            if (current is null)
            {
                return ErrorCode.UnknownMemberId;
            }

            if (current != memberId)
            {
                return ErrorCode.FencedInstanceId;
            }
        }

        return _byId.ContainsKey(memberId) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    public void CheckInvariants()
    {
        Invariant.Check(_members.Count == _byId.Count);
        Invariant.Check(_memberIdByInstance.Count <= _members.Count);
        Invariant.Check(LeaderId is null ? _members.Count == 0 : _byId.ContainsKey(LeaderId));
    }

    private string VoteOf(ClassicGroupMember member)
    {
        foreach (var protocol in member.Settings.Protocols)
        {
            if (IsSupportedByAll(protocol.Name))
            {
                return protocol.Name;
            }
        }

        throw new InvariantBrokenException("a member supports none of the protocols that all support");
    }

    private bool IsSupportedByAll(string protocol) =>
        _supporters.GetValueOrDefault(protocol) == _members.Count;

    /// <summary>A member that names a protocol twice still supports it once.</summary>
    private void CountSupport(IReadOnlyList<MemberProtocol> protocols, int by)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var protocol in protocols)
        {
            if (!seen.Add(protocol.Name))
            {
                continue;
            }

            var supporters = _supporters.GetValueOrDefault(protocol.Name) + by;
            if (supporters == 0)
            {
                _supporters.Remove(protocol.Name);
            }
            else
            {
                _supporters[protocol.Name] = supporters;
            }
        }
    }
}
