using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Changes who votes, one voter at a time, while the quorum runs (KIP-853).</summary>
/// <remarks>
/// Inputs   AddRaftVoter, RemoveRaftVoter; Progressed when a member has fetched or the high watermark has moved; a timer
/// Effects  one voters record at a time through the leader; answers
///
/// None -> CatchingUp  a voter to be added has not yet fetched to the log's end
/// CatchingUp -> Appended  it has; or at once, for a removal
/// CatchingUp -> None  the time-out passed
/// Appended -> None  the record is committed, or the leader lost its epoch
///
/// The rule a reader would get wrong: the new set counts from the moment it is appended. Two majorities meet only where sets
/// differ by one voter, so nothing begins before the record of the change before, whoever wrote it, is committed, nor before
/// a record of this leader's own epoch is. A leader that is removed leads, uncounted, until its own removal is committed.
/// </remarks>
internal sealed class VoterChange(QuorumMember member, LeaderRole leader) : ITimed
{
    private const string Busy = "Another change of the voters is under way, or this leader has not committed anything yet.";

    private Voter _joining;
    private long _appendedAt = -1;
    private bool _isJoining;
    private bool _isAnsweredEarly;
    private TimerHandle? _timer;
    private Action<ErrorCode, string?>? _answer;

    private bool IsBusy => _answer is not null || _appendedAt >= 0 || !leader.IsActive
        || member.Voters.LatestOffset >= member.HighWatermark.Value;

    public void Add(AddRaftVoterRequest request, Action<ErrorCode, string?> answer)
    {
        var voters = member.Voters.Latest;
        if (Refusal("adding") is { } refusal)
        {
            answer(refusal.Code, refusal.Why);
        }
        else if (request.VoterId < 0 || request.VoterDirectoryId == Uuid.Zero || request.Listeners is not [var listener, ..])
        {
            answer(ErrorCode.InvalidRequest, "A voter needs an id, a directory id and a listener.");
        }
        else if (voters.Find(request.VoterId) is not null)
        {
            answer(ErrorCode.DuplicateVoter, "A voter with this id is in the set of voters already.");
        }
        else if (IsBusy)
        {
            answer(ErrorCode.RequestTimedOut, Busy);
        }
        else
        {
            _answer = answer;
            _isAnsweredEarly = !request.AckWhenCommitted;
            _isJoining = true;
            _joining = new Voter(request.VoterId, request.VoterDirectoryId, listener.Host, listener.Port);
            var most = member.Environment.Timeouts.Request;
            var wait = request.TimeoutMs > 0 ? Duration.FromMilliseconds(request.TimeoutMs) : most;
            _timer = member.Environment.Log.Timers.Set(member.Now + (wait < most ? wait : most), this);
            Progressed();
        }
    }

    public void Remove(RemoveRaftVoterRequest request, Action<ErrorCode, string?> answer)
    {
        var voters = member.Voters.Latest;
        if (Refusal("removing") is { } refusal)
        {
            answer(refusal.Code, refusal.Why);
        }
        else if (voters.Find(request.VoterId) is not { } voter || voter.DirectoryId != request.VoterDirectoryId)
        {
            answer(ErrorCode.VoterNotFound, "No such voter is in the set of voters.");
        }
        else if (voters.All.Count == 1)
        {
            answer(ErrorCode.InvalidRequest, "The last voter cannot be removed.");
        }
        else if (IsBusy)
        {
            answer(ErrorCode.RequestTimedOut, Busy);
        }
        else
        {
            _answer = answer;
            Append(voters.Without(voter));
        }
    }

    /// <summary>
    /// Writes the fixed voters into the log, with their directories: from then on they can be changed (kraft.version 1). Why it
    /// cannot be done, or null.
    /// </summary>
    public string? Upgrade(bool isDryRun)
    {
        if (member.Voters.IsInLog)
        {
            return null;
        }

        if (IsBusy)
        {
            return Busy;
        }

        var voters = new List<Voter>();
        foreach (var voter in member.Voters.Latest.All)
        {
            var directory = voter.Id == member.Self ? member.DirectoryId : leader.Progress.DirectoryOf(voter);
            if (directory == Uuid.Zero)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"Voter {voter.Id} has not fetched from this leader yet, so its directory id is not known.");
            }

            voters.Add(voter with { DirectoryId = directory });
        }

        if (!isDryRun)
        {
            leader.AppendVoters(new VoterSet(voters), isUpgrade: true);
        }

        return null;
    }

    /// <summary>Somebody has fetched, or more is committed.</summary>
    public void Progressed()
    {
        if (_isJoining && leader.Progress.IsAtEnd(_joining))
        {
            _isJoining = false;
            Append(member.Voters.Latest.With(_joining));
            if (_isAnsweredEarly)
            {
                Answer(ErrorCode.None, null);
            }
        }

        if (_appendedAt >= 0 && member.HighWatermark.Value > _appendedAt)
        {
            _appendedAt = -1;
            Answer(ErrorCode.None, null);
        }
    }

    /// <summary>The epoch is over: whether the change comes to be is for the next leader to say.</summary>
    public void End()
    {
        _isJoining = false;
        _appendedAt = -1;
        Answer(ErrorCode.NotLeaderOrFollower, "This node leads no more; whether the change was made is not known.");
    }

    public void TimerFired(in Now now, long token) => member.Enter(() =>
    {
        if (_isJoining)
        {
            _isJoining = false;
            Answer(ErrorCode.RequestTimedOut, "The voter has not fetched to the end of the log in time.");
        }
    });

    private (ErrorCode Code, string Why)? Refusal(string what) => member.Voters.IsInLog
        ? null
        : (ErrorCode.UnsupportedVersion, $"Cluster doesn't support {what} voter because the kraft.version feature is 0");

    private void Append(VoterSet voters)
    {
        _appendedAt = member.Log.LogEndOffset.Value;
        leader.AppendVoters(voters);
    }

    private void Answer(ErrorCode error, string? why)
    {
        member.Environment.Log.Timers.Cancel(_timer);
        var answer = _answer;
        _answer = null;
        answer?.Invoke(error, why);
    }
}
