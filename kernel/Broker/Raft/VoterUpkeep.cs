using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Keeps true what the voters record says of a member that follows (KIP-853), and joins it (KIP-1186).</summary>
/// <remarks>
/// Inputs   Look, once in a fetch time-out; answers
/// Effects  UpdateRaftVoter, AddRaftVoter and RemoveRaftVoter requests to the leader, one at a time
///
/// A voter whose endpoints or levels of kraft.version are not those in the record says so. A controller that does not vote, and
/// is allowed to join by itself, has the voter of its own id but another directory removed first: that disk is gone.
///
/// The rule a reader would get wrong: no answer is waited for or believed. What came of a request stands in the log, and the next
/// look sees it there; whatever else happened, the same is asked again.
/// </remarks>
internal sealed class VoterUpkeep(QuorumMember member, PeerAddress leader) : IPeerAnswer
{
    private bool _isAsking;

    public void Look()
    {
        if (_isAsking || !member.Voters.IsInLog)
        {
            return;
        }

        var known = member.Voters.Latest.Find(member.Self);
        if (member.IsVoter)
        {
            if (known != member.AsVoter)
            {
                Send(ApiKey.UpdateRaftVoter, Update());
            }
        }
        else if (member.Environment is { MayJoin: true, MayVote: true })
        {
            Send(known is null ? ApiKey.AddRaftVoter : ApiKey.RemoveRaftVoter, known is { } former ? Remove(former) : Add());
        }
    }

    public void Answered(IMessage response, long token) => _isAsking = false;

    public void Failed(PeerFailure why, long token) => _isAsking = false;

    private void Send(ApiKey key, IMessage request)
    {
        _isAsking = true;
        member.Channel(leader, "quorum").Send(key, request, member.Environment.Timeouts.Request, this);
    }

    private UpdateRaftVoterRequest Update()
    {
        var request = new UpdateRaftVoterRequest
        {
            ClusterId = member.ClusterId,
            CurrentLeaderEpoch = member.State.LeaderEpoch,
            VoterId = member.Self,
            VoterDirectoryId = member.DirectoryId,
            KRaftVersionFeature = new UpdateRaftVoterRequest.KRaftVersionFeatureStruct
            {
                MinSupportedVersion = KRaftVersions.Ours.Lowest,
                MaxSupportedVersion = KRaftVersions.Ours.Highest,
            },
        };
        foreach (var (listener, host, port) in member.Environment.Endpoints)
        {
            request.Listeners.Add(new UpdateRaftVoterRequest.Listener { Name = listener, Host = host, Port = (ushort)port });
        }

        return request;
    }

    private RemoveRaftVoterRequest Remove(Voter former) => new()
    {
        ClusterId = member.ClusterId,
        VoterId = former.Id,
        VoterDirectoryId = former.DirectoryId,
    };

    /// <summary>Answered when it is written: who waited for the commit would need this very voter for it.</summary>
    private AddRaftVoterRequest Add()
    {
        var listeners = new List<AddRaftVoterRequest.Listener>();
        foreach (var (listener, host, port) in member.Environment.Endpoints)
        {
            listeners.Add(new AddRaftVoterRequest.Listener { Name = listener, Host = host, Port = (ushort)port });
        }

        return new AddRaftVoterRequest
        {
            ClusterId = member.ClusterId,
            TimeoutMs = (int)member.Environment.Timeouts.Request.Milliseconds,
            VoterId = member.Self,
            VoterDirectoryId = member.DirectoryId,
            Listeners = listeners,
            AckWhenCommitted = false,
        };
    }
}
