using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Changes who votes, one voter at a time, while the quorum runs (KIP-853).</summary>
/// <remarks>
/// Inputs   AddRaftVoter, RemoveRaftVoter, UpdateRaftVoter; Progressed when a member has fetched or the high watermark has
///          moved; what a voter to be says of its versions; a timer
/// Effects  one voters record at a time through the leader; answers
///
/// None -> Asking          a voter is to be added: it is asked which levels of kraft.version it knows
/// Asking -> CatchingUp    it knows the one in effect
/// CatchingUp -> Appended  it has fetched to the log's end
/// None -> Appended        a removal, or new endpoints of a voter
/// Asking, CatchingUp -> None  the time-out passed, or it cannot be reached
/// Appended -> None        the record is committed, or the leader lost its epoch; the time-out ends the wait for it alone
///
/// The rule a reader would get wrong: the new set counts from the moment it is appended. Two majorities meet only where sets
/// differ by one voter, so nothing begins before the record of the change before, whoever wrote it, is committed, nor before
/// a record of this leader's own epoch is. A leader that is removed leads, uncounted, until its own removal is committed.
/// </remarks>
internal sealed class VoterChange(QuorumMember member, LeaderRole leader) : ITimed, IPeerAnswer
{
    private const string Busy = "Another change of the voters is under way, or this leader has not committed anything yet.";

    private readonly SortedDictionary<int, Voter> _told = [];
    private Voter _joining;
    private Phase _phase;
    private long _appendedAt;
    private bool _isAnsweredEarly;
    private long _turn;
    private TimerHandle? _timer;
    private Action<ErrorCode, string?>? _answer;

    private enum Phase : byte
    {
        None,
        Asking,
        CatchingUp,
        Appended,
    }

    private bool IsBusy => _phase != Phase.None || !leader.IsActive || member.Voters.LatestOffset >= member.HighWatermark.Value;

    public void Add(AddRaftVoterRequest request, Action<ErrorCode, string?> answer)
    {
        var endpoints = new List<VoterEndpoint>();
        foreach (var listener in request.Listeners)
        {
            endpoints.Add(new VoterEndpoint(listener.Name, listener.Host, listener.Port));
        }

        if (Refusal("adding") is { } refusal)
        {
            answer(refusal.Code, refusal.Why);
        }
        else if (request.VoterId < 0 || request.VoterDirectoryId == Uuid.Zero)
        {
            answer(ErrorCode.InvalidRequest, "A voter needs an id and a directory id.");
        }
        else if (!IsReachable(endpoints))
        {
            answer(ErrorCode.InvalidRequest, "A voter needs an endpoint for the listener " + member.Environment.Listener + ".");
        }
        else if (member.Voters.Latest.Find(request.VoterId) is not null)
        {
            answer(ErrorCode.DuplicateVoter, "A voter with this id is in the set of voters already.");
        }
        else if (IsBusy)
        {
            answer(ErrorCode.RequestTimedOut, Busy);
        }
        else
        {
            var most = member.Environment.Timeouts.Request;
            var wait = request.TimeoutMs > 0 ? Duration.FromMilliseconds(request.TimeoutMs) : most;
            Begin(Phase.Asking, wait < most ? wait : most, answer);
            _isAnsweredEarly = !request.AckWhenCommitted;
            _joining = new Voter(request.VoterId, request.VoterDirectoryId, endpoints, member.Environment.Listener);
            member.Channel(_joining.Address, "quorum").Send(
                ApiKey.ApiVersions,
                new ApiVersionsRequest { ClientSoftwareName = "deterministic", ClientSoftwareVersion = "1" },
                member.Environment.Timeouts.Request,
                this,
                _turn);
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
            answer(ErrorCode.VoterNotFound, "The last voter cannot be removed.");
        }
        else if (IsBusy)
        {
            answer(ErrorCode.RequestTimedOut, Busy);
        }
        else
        {
            Begin(Phase.None, member.Environment.Timeouts.Request, answer);
            Append(voters.Without(voter));
        }
    }

    /// <summary>
    /// A voter says where it listens now and what it knows. With fixed voters nothing is written; it is remembered for the day
    /// on which they are written down.
    /// </summary>
    public void Update(Voter updated, Action<ErrorCode> answer)
    {
        var voters = member.Voters.Latest;
        if (!leader.IsActive)
        {
            answer(ErrorCode.RequestTimedOut);
        }
        else if (updated.DirectoryId == Uuid.Zero || !IsReachable(updated.Endpoints)
            || !updated.KRaftVersions.Contains(member.Voters.KRaftVersion))
        {
            answer(ErrorCode.InvalidRequest);
        }
        else if (voters.Find(updated.Id) is not { } known || !known.Is(updated.Id, updated.DirectoryId))
        {
            answer(ErrorCode.VoterNotFound);
        }
        else if (!member.Voters.IsInLog)
        {
            _told[updated.Id] = updated;
            answer(ErrorCode.None);
        }
        else if (known == updated)
        {
            answer(ErrorCode.None);
        }
        else if (IsBusy)
        {
            answer(ErrorCode.RequestTimedOut);
        }
        else
        {
            Begin(Phase.None, member.Environment.Timeouts.Request, (error, _) => answer(error));
            Append(voters.Without(known).With(updated));
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

            voters.Add(_told.GetValueOrDefault(voter.Id, voter) with { DirectoryId = directory });
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
        if (_phase == Phase.CatchingUp && leader.Progress.IsAtEnd(_joining))
        {
            Append(member.Voters.Latest.With(_joining));
            if (_isAnsweredEarly)
            {
                Answer(ErrorCode.None, null);
            }
        }

        if (_phase == Phase.Appended && member.HighWatermark.Value > _appendedAt)
        {
            _phase = Phase.None;
            Answer(ErrorCode.None, null);
        }
    }

    /// <summary>The epoch is over: whether the change comes to be is for the next leader to say.</summary>
    public void End()
    {
        _phase = Phase.None;
        Answer(ErrorCode.NotLeaderOrFollower, "This node leads no more; whether the change was made is not known.");
    }

    public void TimerFired(in Now now, long token) => member.Enter(() =>
    {
        if (token != _turn)
        {
            return;
        }

        if (_phase == Phase.Appended)
        {
            // It may still come to be, and until it has nothing else begins.
            Answer(ErrorCode.RequestTimedOut, "The change is written, and not committed in time.");
        }
        else
        {
            GiveUp(ErrorCode.RequestTimedOut, "The voter has not fetched to the end of the log in time.");
        }
    });

    public void Answered(IMessage response, long token)
    {
        var known = VersionsIn((ApiVersionsResponse)response);
        member.Enter(() =>
        {
            if (token == _turn && _phase == Phase.Asking)
            {
                Judge(known);
            }
        });
    }

    public void Failed(PeerFailure why, long token) => member.Enter(() =>
    {
        if (token == _turn && _phase == Phase.Asking)
        {
            GiveUp(ErrorCode.RequestTimedOut, "The voter cannot be reached at its endpoint: " + _joining.Address);
        }
    });

    private void Judge(KRaftVersions known)
    {
        var level = member.Voters.KRaftVersion;
        if (!known.Contains(level))
        {
            GiveUp(ErrorCode.InvalidRequest, string.Create(
                CultureInfo.InvariantCulture,
                $"The voter knows kraft.version {known.Lowest} to {known.Highest}, and {level} is in effect."));
            return;
        }

        _joining = _joining with { KRaftVersions = known };
        _phase = Phase.CatchingUp;
        Progressed();
    }

    /// <summary>A node that does not name the feature knows its first level alone.</summary>
    private static KRaftVersions VersionsIn(ApiVersionsResponse response)
    {
        foreach (var feature in response.SupportedFeatures)
        {
            if (feature.Name == "kraft.version")
            {
                return new KRaftVersions(feature.MinVersion, feature.MaxVersion);
            }
        }

        return default;
    }

    private (ErrorCode Code, string Why)? Refusal(string what) => member.Voters.IsInLog
        ? null
        : (ErrorCode.UnsupportedVersion, $"Cluster doesn't support {what} voter because the kraft.version feature is 0");

    private bool IsReachable(IReadOnlyList<VoterEndpoint> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            if (endpoint.Listener == member.Environment.Listener)
            {
                return true;
            }
        }

        return false;
    }

    private void Begin(Phase phase, Duration wait, Action<ErrorCode, string?> answer)
    {
        _phase = phase;
        _answer = answer;
        _isAnsweredEarly = false;
        _timer = member.Environment.Log.Timers.Set(member.Now + wait, this, ++_turn);
    }

    private void Append(VoterSet voters)
    {
        _phase = Phase.Appended;
        _appendedAt = member.Log.LogEndOffset.Value;
        leader.AppendVoters(voters);
    }

    private void GiveUp(ErrorCode error, string why)
    {
        _phase = Phase.None;
        Answer(error, why);
    }

    private void Answer(ErrorCode error, string? why)
    {
        member.Environment.Log.Timers.Cancel(_timer);
        var answer = _answer;
        _answer = null;
        answer?.Invoke(error, why);
    }
}
