using System;
using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Asks all voters for their votes and counts. Pre-votes (KIP-996) change nothing at those who give them.</summary>
/// <remarks>
/// Inputs   Begin, Retry, answers
/// Effects  Vote requests
///
/// A voter that cannot be reached neither grants nor rejects: it is asked again, as long as the role lasts. Whoever stands
/// while its own removal is under way does not count itself.
/// </remarks>
internal sealed class VoteCollection(QuorumMember member, QuorumRole role, bool isPreVote) : IPeerAnswer
{
    private readonly SortedSet<int> _granted = [];
    private readonly SortedSet<int> _rejected = [];
    private readonly List<Voter> _unanswered = [];
    private bool _isDecided;

    /// <summary>Called once: a majority granted, or can no longer.</summary>
    public Action<bool>? WhenDecided { get; set; }

    /// <summary>Called where somebody could not be reached: <see cref="Retry"/> after a while.</summary>
    public Action? WhenUnanswered { get; set; }

    public void Begin()
    {
        if (member.IsVoter)
        {
            _granted.Add(member.Self);
        }

        foreach (var voter in member.Voters.Latest.All)
        {
            if (voter.Id != member.Self)
            {
                Ask(voter);
            }
        }

        Decide();
    }

    public void Retry()
    {
        var again = _unanswered.ToArray();
        _unanswered.Clear();
        foreach (var voter in again)
        {
            Ask(voter);
        }
    }

    public void Answered(IMessage response, long token)
    {
        var vote = (VoteResponse)response;
        member.Enter(() =>
        {
            if (!role.IsOver)
            {
                Count(vote, (int)token);
            }
        });
    }

    public void Failed(PeerFailure why, long token) => member.Enter(() =>
    {
        if (!role.IsOver && member.Voters.Latest.Find((int)token) is { } voter)
        {
            _unanswered.Add(voter);
            WhenUnanswered?.Invoke();
        }
    });

    private void Ask(in Voter voter)
    {
        var request = new VoteRequest
        {
            ClusterId = member.ClusterId,
            VoterId = voter.Id,
            Topics =
            [
                new VoteRequest.TopicData
                {
                    TopicName = QuorumMessages.Topic,
                    Partitions =
                    [
                        new VoteRequest.PartitionData
                        {
                            ReplicaEpoch = member.State.LeaderEpoch,
                            ReplicaId = member.Self,
                            ReplicaDirectoryId = member.DirectoryId,
                            VoterDirectoryId = voter.DirectoryId,
                            LastOffsetEpoch = member.LastEpoch,
                            LastOffset = member.Log.LogEndOffset.Value,
                            PreVote = isPreVote,
                        },
                    ],
                },
            ],
        };
        member.Channel(voter.Address, "quorum").Send(
            ApiKey.Vote, request, member.Environment.Timeouts.Request, this, voter.Id);
    }

    private void Count(VoteResponse response, int voter)
    {
        if (response.Topics is not [{ Partitions: [var answer] }])
        {
            // Another cluster, or a request that it will never like: as good as a rejection.
            _rejected.Add(voter);
            Decide();
            return;
        }

        var seen = LeaderSeen.In(response);
        member.Learn(seen.Epoch, seen.Leader, seen.Address);
        if (role.IsOver)
        {
            return;
        }

        (answer.VoteGranted ? _granted : _rejected).Add(voter);
        Decide();
    }

    private void Decide()
    {
        var voters = member.Voters.Latest;
        var isWon = _granted.Count >= voters.Majority;
        var isLost = voters.All.Count - _rejected.Count < voters.Majority;
        if (!_isDecided && (isWon || isLost))
        {
            _isDecided = true;
            WhenDecided?.Invoke(isWon);
        }
    }
}
