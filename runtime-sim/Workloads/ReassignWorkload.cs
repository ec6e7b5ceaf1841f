using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload reassign topic=T every=TIME</c>: moves partitions to other brokers, any of the world's nodes, and now and then
/// takes a move back, or asks for another before the first has ended. At the end no move may be under way any more.
/// </summary>
/// <remarks>
/// A partition keeps its number of replicas. What a move must not do to records and ISR, other checks say.
///
/// Where a node stays dead to the end (<c>core</c>), moves that want it can end no more: all are taken back. Then each partition
/// is moved once again, from one living broker to another. One dead replica that stays where it is must not hold that up.
/// </remarks>
public sealed class ReassignWorkload : IWorkload, IFaultlessTimer
{
    public const string Name = "reassign";

    private readonly Simulation _simulation;
    private readonly TopicPlan _topic;
    private readonly ValueRange _every;
    private readonly Prng _prng;
    private readonly AdminProgram _admin;
    private int _begun;
    private bool _isStopped;

    public ReassignWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        _simulation = simulation;
        _prng = prng;
        _topic = simulation.Topic(line);
        _every = line.Range("every", 500_000, 4_000_000);
        _admin = new AdminProgram(simulation.AdminOptions(prng));
    }

    public bool IsDone => _isStopped && _admin.IsIdle;

    public string Waiting => "reassignment: " + _admin.Waiting;

    public void Begin()
    {
        _simulation.World.AddClient(_admin).Start();
        _simulation.After(_every.Draw(_prng), this);
    }

    public void Stop()
    {
        _isStopped = true;
        _simulation.Counters.Add("reassignments", _begun);
        if (_simulation.Outsider >= 0)
        {
            MoveWithout(_simulation.Outsider + 1);
        }

        AwaitEnd();
    }

    private void AwaitEnd()
    {
        var request = new ListPartitionReassignmentsRequest { TimeoutMs = 30_000, Topics = null };
        _admin.Do(new AdminTask(
            ApiKey.ListPartitionReassignments,
            request,
            answer => answer is ListPartitionReassignmentsResponse { ErrorCode: 0, Topics.Count: 0 }));
    }

    public void Fired()
    {
        if (_isStopped)
        {
            return;
        }

        if (_admin.IsIdle)
        {
            Ask(_prng.Next(_topic.Partitions));
        }

        _simulation.After(_every.Draw(_prng), this);
    }

    private void Ask(int partition)
    {
        var request = new AlterPartitionReassignmentsRequest { TimeoutMs = 30_000 };
        Add(request, partition, _prng.OneIn(6) ? null : Target());
        _admin.Do(new AdminTask(
            ApiKey.AlterPartitionReassignments, request, answer => Answered((AlterPartitionReassignmentsResponse)answer)));
    }

    private void Add(AlterPartitionReassignmentsRequest request, int partition, List<int>? replicas)
    {
        if (request.Topics.Count == 0)
        {
            request.Topics.Add(new AlterPartitionReassignmentsRequest.ReassignableTopic { Name = _topic.Name });
        }

        request.Topics[0].Partitions.Add(new AlterPartitionReassignmentsRequest.ReassignablePartition
        {
            PartitionIndex = partition,
            Replicas = replicas,
        });
    }

    private void MoveWithout(int dead)
    {
        var back = new AlterPartitionReassignmentsRequest { TimeoutMs = 30_000 };
        for (var partition = 0; partition < _topic.Partitions; partition++)
        {
            Add(back, partition, null);
        }

        _admin.Do(new AdminTask(
            ApiKey.AlterPartitionReassignments, back, answer => Answered((AlterPartitionReassignmentsResponse)answer)));
        AwaitEnd();
        var forth = new AlterPartitionReassignmentsRequest { TimeoutMs = 30_000 };
        _admin.Do(new AdminTask(
            ApiKey.AlterPartitionReassignments, forth, answer => Answered((AlterPartitionReassignmentsResponse)answer))
        {
            WhenSent = () => Aim(forth, dead),
        });
    }

    /// <summary>Each partition as it stands now, with one replica that lives in another place where nobody is dead.</summary>
    private void Aim(AlterPartitionReassignmentsRequest request, int dead)
    {
        request.Topics.Clear();
        if (HealedCore.Newest(_simulation.World)?.Topics.Find(_topic.Name) is not { } topic)
        {
            return;
        }

        for (var index = 0; index < topic.Partitions.Count; index++)
        {
            var partition = topic.Partitions[index];
            var replicas = new List<int>(partition.Replicas);
            replicas.RemoveAll(replica => Array.IndexOf(partition.AddingReplicas, replica) >= 0);
            var free = Target(_simulation.World.BrokerCount).Find(broker => broker != dead && !replicas.Contains(broker));
            var moved = replicas.FindIndex(replica => replica != dead);
            if (free > 0 && moved >= 0)
            {
                replicas[moved] = free;
                Add(request, index, replicas);
            }
        }
    }

    /// <summary>Any brokers, in any order.</summary>
    private List<int> Target() => Target(_topic.Replicas);

    private List<int> Target(int replicas)
    {
        var brokers = new List<int>();
        for (var broker = 1; broker <= _simulation.World.BrokerCount; broker++)
        {
            brokers.Insert(_prng.Next(brokers.Count + 1), broker);
        }

        return brokers.GetRange(0, Math.Min(replicas, brokers.Count));
    }

    /// <summary>A refusal is an answer, too: nothing to take back, or a broker that is not there now.</summary>
    private bool Answered(AlterPartitionReassignmentsResponse response)
    {
        if ((ErrorCode)response.ErrorCode is ErrorCode.NotController or ErrorCode.RequestTimedOut)
        {
            return false;
        }

        _begun += response is { ErrorCode: 0, Responses: [{ Partitions: [{ ErrorCode: 0 }] }] } ? 1 : 0;
        return true;
    }
}
