using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// How long the members of one group may be silent, and how long an id is held for a member that was told to come
/// back with it (KIP-394). What it means when a time is over is the group's to decide.
/// </summary>
/// <remarks>
/// A heartbeat moves the deadline and leaves the timer: when it fires too early it is set again. So a group costs one
/// timer a member, not one a heartbeat.
/// </remarks>
public sealed class MemberSessions
{
    /// <summary>
    /// Bound: ids of one group given out with MEMBER_ID_REQUIRED whose owners have not come back yet.
    /// </summary>
    public const int MaxPendingMembers = 10_000;

    private readonly ClassicGroup _group;
    private readonly GroupContext _context;
    private readonly SortedDictionary<string, TimerHandle> _pending = new(StringComparer.Ordinal);

    public MemberSessions(ClassicGroup group, GroupContext context)
    {
        _group = group;
        _context = context;
    }

    public int PendingMembers => _pending.Count;

    public bool IsPending(string memberId) => _pending.ContainsKey(memberId);

    /// <summary>Holds an id for a member that was told to come back with it.</summary>
    public void AddPending(string memberId, int sessionTimeoutMs) =>
        _pending.Add(memberId, _context.After(sessionTimeoutMs, new Watch(this, memberId), 0));

    /// <summary>An id is no longer held; false where it was not.</summary>
    public bool StopPending(string memberId)
    {
        if (!_pending.Remove(memberId, out var timer))
        {
            return false;
        }

        _context.Timers.Cancel(timer);
        return true;
    }

    /// <summary>The session lasts from now on, as long as the member asked for, or as long as is said here.</summary>
    public void Extend(ClassicGroupMember member, int? milliseconds = null)
    {
        var length = Duration.FromMilliseconds(milliseconds ?? member.Settings.SessionTimeoutMs);
        member.SessionDeadline = _context.Instant + length;
        if (member.SessionTimer is { IsPending: true } timer && timer.Deadline <= member.SessionDeadline)
        {
            return;
        }

        _context.Timers.Cancel(member.SessionTimer);
        Arm(member);
    }

    /// <summary>The member is gone; nothing of it may be heard any more.</summary>
    public void End(ClassicGroupMember member) => _context.Timers.Cancel(member.SessionTimer);

    public void EndAll()
    {
        foreach (var (_, timer) in _pending)
        {
            _context.Timers.Cancel(timer);
        }

        _pending.Clear();
        foreach (var member in _group.Roster.Members)
        {
            End(member);
        }
    }

    private void Arm(ClassicGroupMember member) =>
        member.SessionTimer = _context.Timers.Set(member.SessionDeadline, new Watch(this, member.MemberId));

    private void TimeIsUp(string memberId)
    {
        if (_pending.Remove(memberId))
        {
            _group.PendingMemberExpired();
        }
        else if (_group.Roster.Find(memberId) is { } member)
        {
            if (_context.Instant < member.SessionDeadline)
            {
                Arm(member);
            }
            else
            {
                _group.SessionEnded(member);
            }
        }

        _context.Answers.Send();
    }

    private sealed class Watch(MemberSessions sessions, string memberId) : ITimed
    {
        public void TimerFired(in Now now, long token) => sessions.TimeIsUp(memberId);
    }
}
