using System;
using System.Linq;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Workloads;
using Deterministic.Tests.Models.Nodes;
using Xunit;
using Run = Deterministic.Runtime.Sim.Runs.Simulation;

namespace Deterministic.Tests.Simulation;

/// <summary>A few simulated brokers, without faults, that a test asks one thing after the other.</summary>
internal sealed class SmallCluster
{
    private readonly Run _run;
    private readonly AdminProgram[] _admins;

    public SmallCluster(string scenario)
    {
        _run = new Run(Scenario.Parse("small.scenario", scenario), 1);
        _admins = [.. _run.Addresses.Select(address =>
            new AdminProgram(_run.AdminOptions(new Prng(1)) with { BootstrapServers = [address] }))];
        _run.World.Nodes.ForEach(node => node.Start());
        foreach (var admin in _admins)
        {
            _run.World.AddClient(admin).Start();
        }
    }

    /// <summary>Virtual time that something takes.</summary>
    public TimeSpan Time(Action ask)
    {
        var begun = _run.World.Now;
        ask();
        return TimeSpan.FromMicroseconds((_run.World.Now - begun).Microseconds);
    }

    public void Wait(Duration duration) => _run.World.Run(_run.World.Now + duration);

    /// <summary>Asks a broker until the answer is as wanted.</summary>
    public void Do(int broker, ApiKey key, IMessage request, Func<IMessage, bool> isDone, short version = short.MaxValue)
    {
        var admin = _admins[broker - 1];
        admin.Do(new AdminTask(key, request, isDone) { AtMost = version });
        _run.World.Run(_run.World.Now + Duration.FromSeconds(60), () => admin.IsIdle);
        Assert.True(admin.IsIdle && _run.World.Failure is null, $"{_run.World.Failure} {admin.Waiting}");
    }

    /// <summary>A topic of one partition, which the first of these brokers leads.</summary>
    public void Create(string name, params int[] brokers)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = -1, ReplicationFactor = -1 };
        var replicas = new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = 0, BrokerIds = [.. brokers] };
        topic.Assignments.Add(replicas);
        Do(
            1,
            ApiKey.CreateTopics,
            new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [topic] },
            answer => ((CreateTopicsResponse)answer).Topics[0].ErrorCode == 0);
    }

    /// <summary>To broker 1, acknowledged by all.</summary>
    public void Produce(string topic, int batches, int batchBytes)
    {
        for (var i = 0; i < batches; i++)
        {
            Do(
                1,
                ApiKey.Produce,
                NodeDriver.Produce(topic, 0, NodeDriver.Batch(1, batchBytes)),
                answer => ((ProduceResponse)answer).Responses[0].PartitionResponses[0].ErrorCode == 0,
                version: 9);
        }
    }
}
