using System;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload delete-records topic=T every=TIME</c>: now and then asks for a partition to be trimmed, up to its high
/// watermark or
/// to an offset somewhere below. What was confirmed must never come back.
/// </summary>
public sealed class DeleteRecordsWorkload : IWorkload, IFaultlessTimer
{
    public const string Name = "delete-records";

    private const long UpToHighWatermark = -1;
    private readonly Simulation _simulation;
    private readonly TopicPlan _topic;
    private readonly ValueRange _every;
    private readonly Prng _prng;
    private readonly AdminProgram _admin;
    private readonly long[] _known;
    private bool _isStopped;

    public DeleteRecordsWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        _simulation = simulation;
        _prng = prng;
        _topic = simulation.Topic(line);
        _every = line.Range("every", 500_000, 4_000_000);
        _known = new long[_topic.Partitions];
        _admin = new AdminProgram(simulation.AdminOptions(prng));
        for (var partition = 0; partition < _topic.Partitions; partition++)
        {
            simulation.Contract.MayBeTrimmed(simulation.History.Partition(_topic.PartitionName(partition)));
        }
    }

    public bool IsDone => _admin.IsIdle;

    public string Waiting => _admin.Waiting;

    public void Begin()
    {
        _simulation.World.AddClient(_admin).Start();
        _simulation.After(_every.Draw(_prng), this);
    }

    public void Stop()
    {
        _isStopped = true;
        _simulation.Counters.Add("deletes", _admin.Done);
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
        var offset = _prng.OneIn(2) ? UpToHighWatermark : _known[partition] + _prng.Next(20);
        var request = new DeleteRecordsRequest { TimeoutMs = 30_000 };
        var topic = new DeleteRecordsRequest.DeleteRecordsTopic { Name = _topic.Name };
        topic.Partitions.Add(new DeleteRecordsRequest.DeleteRecordsPartition
        {
            PartitionIndex = partition,
            Offset = offset,
        });
        request.Topics.Add(topic);
        _admin.Do(new AdminTask(ApiKey.DeleteRecords, request, answer => Answered((DeleteRecordsResponse)answer)));
    }

    private bool Answered(DeleteRecordsResponse response)
    {
        foreach (var topic in response.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                if (partition.ErrorCode != 0)
                {
                    // Beyond the high watermark: not an error to repeat.
                    return (ErrorCode)partition.ErrorCode == ErrorCode.OffsetOutOfRange;
                }

                var index = _simulation.History.Partition(_topic.PartitionName(partition.PartitionIndex));
                _known[partition.PartitionIndex] = Math.Max(_known[partition.PartitionIndex], partition.LowWatermark);
                _simulation.History.LogStarts.Add((index, partition.LowWatermark, _simulation.World.Now));
            }
        }

        return true;
    }
}
