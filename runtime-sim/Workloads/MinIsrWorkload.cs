using System.Globalization;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload min-isr topic=T every=TIME to=1..3</c>: sets <c>min.insync.replicas</c> of a topic to another number, again and
/// again. Whoever was eligible because nothing was committed without it may not be any more (KIP-966).
/// </summary>
public sealed class MinIsrWorkload : IWorkload, IFaultlessTimer
{
    public const string Name = "min-isr";

    private const sbyte Set = 0;
    private const sbyte TopicType = 2;

    private readonly Simulation _simulation;
    private readonly TopicPlan _topic;
    private readonly ValueRange _every;
    private readonly ValueRange _to;
    private readonly Prng _prng;
    private readonly AdminProgram _admin;
    private int _changed;
    private bool _isStopped;

    public MinIsrWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        _simulation = simulation;
        _prng = prng;
        _topic = simulation.Topic(line);
        _every = line.Range("every", 500_000, 4_000_000);
        _to = line.Range("to", 1, 2);
        _admin = new AdminProgram(simulation.AdminOptions(prng));
    }

    public bool IsDone => _isStopped && _admin.IsIdle;

    public string Waiting => "min-isr: " + _admin.Waiting;

    public void Begin()
    {
        _simulation.World.AddClient(_admin).Start();
        _simulation.After(_every.Draw(_prng), this);
    }

    public void Stop()
    {
        _isStopped = true;
        _simulation.Counters.Add("min-isr-changed", _changed);
    }

    public void Fired()
    {
        if (_isStopped)
        {
            return;
        }

        if (_admin.IsIdle)
        {
            Ask(_to.Draw(_prng));
        }

        _simulation.After(_every.Draw(_prng), this);
    }

    private void Ask(long value)
    {
        var request = new IncrementalAlterConfigsRequest();
        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = TopicType,
            ResourceName = _topic.Name,
        };
        resource.Configs.Add(new IncrementalAlterConfigsRequest.AlterableConfig
        {
            Name = "min.insync.replicas",
            ConfigOperation = Set,
            Value = value.ToString(CultureInfo.InvariantCulture),
        });
        request.Resources.Add(resource);
        _admin.Do(new AdminTask(ApiKey.IncrementalAlterConfigs, request, answer =>
        {
            var isDone = answer is IncrementalAlterConfigsResponse { Responses: [{ ErrorCode: 0 }] };
            _changed += isDone ? 1 : 0;
            return isDone;
        }));
    }
}
