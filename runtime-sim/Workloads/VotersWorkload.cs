using System;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload voters every=TIME least=N</c>: asks who votes in the metadata quorum, then for one voter more or one less, the
/// leader of the quorum now and then among them (KIP-853). At the end the quorum must be led, and every voter follow.
/// </summary>
/// <remarks>
/// A refusal is an answer, too, and so is a leader that is gone: whether a change came to be, the next look tells. What changes
/// must not do to the metadata, <c>cluster-invariants</c> says.
/// </remarks>
public sealed class VotersWorkload : IWorkload, IFaultlessTimer
{
    public const string Name = "voters";

    private readonly Simulation _simulation;
    private readonly ValueRange _every;
    private readonly Prng _prng;
    private readonly AdminProgram _admin;
    private readonly int _least;
    private int _added;
    private int _removed;
    private bool _isStopped;

    public VotersWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        if (simulation.Shape.FirstVoters == 0)
        {
            throw line.Error("voters that can change stand in the log: 'cluster' needs 'voters='");
        }

        _simulation = simulation;
        _prng = prng;
        _every = line.Range("every", 500_000, 4_000_000);
        _least = line.Number("least", prng, 1, 3);
        _admin = new AdminProgram(simulation.AdminOptions(prng));
    }

    public bool IsDone => _isStopped && _admin.IsIdle;

    public string Waiting => "voters: " + _admin.Waiting;

    public void Begin()
    {
        _simulation.World.AddClient(_admin).Start();
        _simulation.After(_every.Draw(_prng), this);
    }

    public void Stop()
    {
        _isStopped = true;
        _simulation.Counters.Add("voters-added", _added);
        _simulation.Counters.Add("voters-removed", _removed);
        _admin.Do(Describe(IsAtRest));
    }

    public void Fired()
    {
        if (_isStopped)
        {
            return;
        }

        if (_admin.IsIdle)
        {
            _admin.Do(Describe(quorum =>
            {
                Change(quorum);
                return true;
            }));
        }

        _simulation.After(_every.Draw(_prng), this);
    }

    private static bool IsAtRest(DescribeQuorumResponse.PartitionData quorum) => quorum.CurrentVoters.TrueForAll(
        voter => voter.LogEndOffset >= quorum.HighWatermark);

    private static AdminTask Describe(Func<DescribeQuorumResponse.PartitionData, bool> isDone)
    {
        var request = new DescribeQuorumRequest();
        var topic = new DescribeQuorumRequest.TopicData { TopicName = "__cluster_metadata" };
        topic.Partitions.Add(new DescribeQuorumRequest.PartitionData());
        request.Topics.Add(topic);
        return new AdminTask(
            ApiKey.DescribeQuorum,
            request,
            answer => answer is DescribeQuorumResponse { ErrorCode: 0, Topics: [{ Partitions: [{ ErrorCode: 0 } quorum] }] }
                && isDone(quorum));
    }

    private void Change(DescribeQuorumResponse.PartitionData quorum)
    {
        var others = quorum.Observers.FindAll(observer => observer.ReplicaId > _simulation.Shape.FirstController);
        var isOneMore = others.Count > 0 && (quorum.CurrentVoters.Count <= _least || _prng.OneIn(2));
        if (isOneMore)
        {
            Add(others[_prng.Next(others.Count)]);
        }
        else if (quorum.CurrentVoters.Count > _least)
        {
            var leader = quorum.CurrentVoters.Find(voter => voter.ReplicaId == quorum.LeaderId);
            var any = quorum.CurrentVoters[_prng.Next(quorum.CurrentVoters.Count)];
            Remove(leader is not null && _prng.OneIn(3) ? leader : any);
        }
    }

    private void Add(DescribeQuorumResponse.ReplicaState observer)
    {
        var address = KernelNodes.ControllerAt(observer.ReplicaId - 1, _simulation.Shape);
        var request = new AddRaftVoterRequest
        {
            ClusterId = null,
            TimeoutMs = 5_000,
            VoterId = observer.ReplicaId,
            VoterDirectoryId = observer.ReplicaDirectoryId,
            Listeners = [new() { Name = "CONTROLLER", Host = address.Host, Port = (ushort)address.Port }],
            AckWhenCommitted = _prng.OneIn(2),
        };
        _admin.Do(new AdminTask(ApiKey.AddRaftVoter, request, answer =>
        {
            _added += answer is AddRaftVoterResponse { ErrorCode: 0 } ? 1 : 0;
            return true;
        }));
    }

    private void Remove(DescribeQuorumResponse.ReplicaState voter)
    {
        var request = new RemoveRaftVoterRequest
        {
            ClusterId = null,
            VoterId = voter.ReplicaId,
            VoterDirectoryId = voter.ReplicaDirectoryId,
        };
        _admin.Do(new AdminTask(ApiKey.RemoveRaftVoter, request, answer =>
        {
            _removed += answer is RemoveRaftVoterResponse { ErrorCode: 0 } ? 1 : 0;
            return true;
        }));
    }
}
