using System;
using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>What other members of the quorum ask of this one.</summary>
/// <remarks>
/// Inputs   Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch, FetchSnapshot, AddRaftVoter, RemoveRaftVoter, UpdateRaftVoter
/// Effects  those of the member; answers
///
/// An answer that gives a vote or acknowledges an epoch is given when the quorum-state that says so is durable.
/// </remarks>
public sealed class QuorumRequests
{
    private readonly QuorumMember _member;

    internal QuorumRequests(QuorumMember member)
    {
        _member = member;
    }

    public void Vote(VoteRequest request, Action<VoteResponse> answer) => _member.Enter(() =>
    {
        if (IsOtherCluster(request.ClusterId))
        {
            answer(new VoteResponse { ErrorCode = (short)ErrorCode.InconsistentClusterId });
            return;
        }

        if (request.Topics is not [{ Partitions: [var question] }])
        {
            answer(new VoteResponse { ErrorCode = (short)ErrorCode.InvalidRequest });
            return;
        }

        if (question.LastOffset < 0 || question.LastOffsetEpoch < 0 || question.ReplicaEpoch < 0
            || question.LastOffsetEpoch > question.ReplicaEpoch)
        {
            AnswerVote(answer, ErrorCode.InvalidRequest, isGranted: false);
        }
        else if (request.VoterId >= 0 && !IsThisVoter(request.VoterId, question.VoterDirectoryId))
        {
            AnswerVote(answer, ErrorCode.InvalidVoterKey, isGranted: false);
        }
        else if (question.ReplicaEpoch < _member.State.LeaderEpoch)
        {
            AnswerVote(answer, ErrorCode.FencedLeaderEpoch, isGranted: false);
        }
        else
        {
            // A later epoch is entered before it is voted in.
            _member.Learn(question.ReplicaEpoch, QuorumState.None, null, () => Judge(question, answer));
        }
    });

    public void BeginQuorumEpoch(BeginQuorumEpochRequest request, Action<BeginQuorumEpochResponse> answer) => _member.Enter(() =>
    {
        if (IsOtherCluster(request.ClusterId) || request.Topics is not [{ Partitions: [var news] }])
        {
            var error = IsOtherCluster(request.ClusterId) ? ErrorCode.InconsistentClusterId : ErrorCode.InvalidRequest;
            answer(new BeginQuorumEpochResponse { ErrorCode = (short)error });
            return;
        }

        if (news.LeaderEpoch < _member.State.LeaderEpoch)
        {
            AnswerBegin(answer, ErrorCode.FencedLeaderEpoch);
        }
        else if (news.LeaderId < 0 || (_member.State.HasLeader
            && news.LeaderEpoch == _member.State.LeaderEpoch && news.LeaderId != _member.State.LeaderId))
        {
            AnswerBegin(answer, ErrorCode.InvalidRequest);
        }
        else if (request.VoterId >= 0 && !IsThisVoter(request.VoterId, news.VoterDirectoryId))
        {
            AnswerBegin(answer, ErrorCode.InvalidVoterKey);
        }
        else
        {
            PeerAddress? address = request.LeaderEndpoints.Count > 0
                ? Voter.On(_member.Environment.Listener, news.LeaderId, EndpointsOf(request))
                : null;
            _member.Learn(news.LeaderEpoch, news.LeaderId, address, () => AnswerBegin(answer, ErrorCode.None));
        }
    });

    public void EndQuorumEpoch(EndQuorumEpochRequest request, Action<EndQuorumEpochResponse> answer) => _member.Enter(() =>
    {
        if (IsOtherCluster(request.ClusterId) || request.Topics is not [{ Partitions: [var news] }])
        {
            var error = IsOtherCluster(request.ClusterId) ? ErrorCode.InconsistentClusterId : ErrorCode.InvalidRequest;
            answer(new EndQuorumEpochResponse { ErrorCode = (short)error });
            return;
        }

        if (news.LeaderEpoch < _member.State.LeaderEpoch)
        {
            AnswerEnd(answer, ErrorCode.FencedLeaderEpoch);
            return;
        }

        _member.Learn(news.LeaderEpoch, news.LeaderId, null, () =>
        {
            if (_member.Role is FollowerRole follower && _member.State.LeaderId == news.LeaderId)
            {
                follower.LeaderResigned(PlaceIn(news));
            }

            AnswerEnd(answer, ErrorCode.None);
        });
    });

    public void Fetch(FetchRequest request, Action<FetchResponse> answer) => _member.Enter(() =>
    {
        if (IsOtherCluster(request.ClusterId))
        {
            answer(new FetchResponse { ErrorCode = (short)ErrorCode.InconsistentClusterId });
            return;
        }

        if (request.Topics is not [{ Partitions: [var position] }]
            || position.FetchOffset < 0
            || position.LastFetchedEpoch < 0
            || position.CurrentLeaderEpoch < 0
            || position.LastFetchedEpoch > position.CurrentLeaderEpoch)
        {
            answer(QuorumMessages.FetchAnswer(_member, ErrorCode.InvalidRequest));
            return;
        }

        var epoch = _member.State.LeaderEpoch;
        if (position.CurrentLeaderEpoch < epoch)
        {
            answer(QuorumMessages.FetchAnswer(_member, ErrorCode.FencedLeaderEpoch));
        }
        else if (position.CurrentLeaderEpoch > epoch)
        {
            answer(QuorumMessages.FetchAnswer(_member, ErrorCode.UnknownLeaderEpoch));
        }
        else if (_member.Role is LeaderRole leader)
        {
            leader.Fetch(request, position, answer);
        }
        else
        {
            answer(QuorumMessages.FetchAnswer(_member, ErrorCode.NotLeaderOrFollower));
        }
    });

    public void FetchSnapshot(FetchSnapshotRequest request, Action<FetchSnapshotResponse> answer) => _member.Enter(() =>
        answer(IsOtherCluster(request.ClusterId)
            ? new FetchSnapshotResponse { ErrorCode = (short)ErrorCode.InconsistentClusterId }
            : SnapshotAnswer.To(_member, request)));

    public void AddVoter(AddRaftVoterRequest request, Action<AddRaftVoterResponse> answer) => _member.Enter(() =>
        ChangeVoters(
            request.ClusterId,
            (change, whenDone) => change.Add(request, whenDone),
            (error, why) => answer(new AddRaftVoterResponse { ErrorCode = (short)error, ErrorMessage = why })));

    public void RemoveVoter(RemoveRaftVoterRequest request, Action<RemoveRaftVoterResponse> answer) => _member.Enter(() =>
        ChangeVoters(
            request.ClusterId,
            (change, whenDone) => change.Remove(request, whenDone),
            (error, why) => answer(new RemoveRaftVoterResponse { ErrorCode = (short)error, ErrorMessage = why })));

    /// <summary>A voter tells its leader where it listens now.</summary>
    public void UpdateVoter(UpdateRaftVoterRequest request, Action<UpdateRaftVoterResponse> answer) => _member.Enter(() =>
    {
        var epoch = _member.State.LeaderEpoch;
        if (IsOtherCluster(request.ClusterId))
        {
            AnswerUpdate(answer, ErrorCode.InconsistentClusterId);
        }
        else if (request.CurrentLeaderEpoch != epoch)
        {
            var isOld = request.CurrentLeaderEpoch < epoch;
            AnswerUpdate(answer, isOld ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch);
        }
        else if (_member.Role is LeaderRole leader)
        {
            var endpoints = new List<VoterEndpoint>();
            foreach (var listener in request.Listeners)
            {
                endpoints.Add(new VoterEndpoint(listener.Name, listener.Host, listener.Port));
            }

            var feature = request.KRaftVersionFeature;
            leader.Change.Update(
                new Voter(request.VoterId, request.VoterDirectoryId, endpoints, _member.Environment.Listener)
                {
                    KRaftVersions = new KRaftVersions(feature.MinSupportedVersion, feature.MaxSupportedVersion),
                },
                error => AnswerUpdate(answer, error));
        }
        else
        {
            AnswerUpdate(answer, ErrorCode.NotLeaderOrFollower);
        }
    });

    private static List<VoterEndpoint> EndpointsOf(BeginQuorumEpochRequest request)
    {
        var endpoints = new List<VoterEndpoint>();
        foreach (var endpoint in request.LeaderEndpoints)
        {
            endpoints.Add(new VoterEndpoint(endpoint.Name, endpoint.Host, endpoint.Port));
        }

        return endpoints;
    }

    private void AnswerUpdate(Action<UpdateRaftVoterResponse> answer, ErrorCode error)
    {
        var leader = QuorumMessages.AddressOfLeader(_member);
        answer(new UpdateRaftVoterResponse
        {
            ErrorCode = (short)error,
            CurrentLeader = new UpdateRaftVoterResponse.CurrentLeaderStruct
            {
                LeaderId = _member.State.LeaderId,
                LeaderEpoch = _member.State.LeaderEpoch,
                Host = leader?.Host ?? "",
                Port = leader?.Port ?? -1,
            },
        });
    }

    private void ChangeVoters(
        string? clusterId, Action<VoterChange, Action<ErrorCode, string?>> change, Action<ErrorCode, string?> answer)
    {
        if (IsOtherCluster(clusterId))
        {
            answer(ErrorCode.InconsistentClusterId, null);
        }
        else if (_member.Role is LeaderRole leader)
        {
            change(leader.Change, answer);
        }
        else
        {
            answer(ErrorCode.NotLeaderOrFollower, null);
        }
    }

    private void Judge(VoteRequest.PartitionData question, Action<VoteResponse> answer)
    {
        var state = _member.State;
        var isUpToDate = (question.LastOffsetEpoch, question.LastOffset)
            .CompareTo((_member.LastEpoch, _member.Log.LogEndOffset.Value)) >= 0;
        if (question.ReplicaEpoch != state.LeaderEpoch || !isUpToDate)
        {
            AnswerVote(answer, ErrorCode.None, isGranted: false);
        }
        else if (question.PreVote)
        {
            AnswerVote(answer, ErrorCode.None, isGranted: !_member.Role.HasLiveLeader);
        }
        else if (!state.MayVoteFor(question.ReplicaId, question.ReplicaDirectoryId)
            || (state.VotedId == QuorumState.None && _member.Role is not (UnattachedRole or ProspectiveRole)))
        {
            AnswerVote(answer, ErrorCode.None, isGranted: false);
        }
        else if (state.VotedId != QuorumState.None)
        {
            AnswerVote(answer, ErrorCode.None, isGranted: true);
        }
        else
        {
            // The election time-out begins anew: whoever got the vote is given the time to win.
            _member.Become(
                state.Voting(question.ReplicaId, question.ReplicaDirectoryId),
                new UnattachedRole(_member),
                () => AnswerVote(answer, ErrorCode.None, isGranted: true));
        }
    }

    private bool IsOtherCluster(string? clusterId) => clusterId is not null && clusterId != _member.ClusterId;

    private bool IsThisVoter(int id, Uuid directory) =>
        id == _member.Self && (directory == Uuid.Zero || directory == _member.DirectoryId);

    private int PlaceIn(EndQuorumEpochRequest.PartitionData news)
    {
        var place = 0;
        foreach (var candidate in news.PreferredCandidates)
        {
            if (candidate.CandidateId == _member.Self)
            {
                return place;
            }

            place++;
        }

        var inOld = news.PreferredSuccessors.IndexOf(_member.Self);
        return inOld >= 0 ? inOld : place;
    }

    private void AnswerVote(Action<VoteResponse> answer, ErrorCode error, bool isGranted)
    {
        var response = new VoteResponse
        {
            Topics =
            [
                new VoteResponse.TopicData
                {
                    TopicName = QuorumMessages.Topic,
                    Partitions =
                    [
                        new VoteResponse.PartitionData
                        {
                            ErrorCode = (short)error,
                            LeaderId = _member.State.LeaderId,
                            LeaderEpoch = _member.State.LeaderEpoch,
                            VoteGranted = isGranted,
                        },
                    ],
                },
            ],
        };
        if (QuorumMessages.AddressOfLeader(_member) is { } leader)
        {
            response.NodeEndpoints.Add(new VoteResponse.NodeEndpoint
            {
                NodeId = leader.NodeId,
                Host = leader.Host,
                Port = (ushort)leader.Port,
            });
        }

        answer(response);
    }

    private void AnswerBegin(Action<BeginQuorumEpochResponse> answer, ErrorCode error) => answer(new BeginQuorumEpochResponse
    {
        Topics =
        [
            new BeginQuorumEpochResponse.TopicData
            {
                TopicName = QuorumMessages.Topic,
                Partitions =
                [
                    new BeginQuorumEpochResponse.PartitionData
                    {
                        ErrorCode = (short)error,
                        LeaderId = _member.State.LeaderId,
                        LeaderEpoch = _member.State.LeaderEpoch,
                    },
                ],
            },
        ],
    });

    private void AnswerEnd(Action<EndQuorumEpochResponse> answer, ErrorCode error) => answer(new EndQuorumEpochResponse
    {
        Topics =
        [
            new EndQuorumEpochResponse.TopicData
            {
                TopicName = QuorumMessages.Topic,
                Partitions =
                [
                    new EndQuorumEpochResponse.PartitionData
                    {
                        ErrorCode = (short)error,
                        LeaderId = _member.State.LeaderId,
                        LeaderEpoch = _member.State.LeaderEpoch,
                    },
                ],
            },
        ],
    });
}
