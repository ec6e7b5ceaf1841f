using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>Every workload a scenario can ask for, by name.</summary>
public static class WorkloadCatalog
{
    public static IWorkload Make(Simulation simulation, ScenarioLine line, Prng prng)
    {
        var name = line.Word("a workload's name");
        IWorkload workload = name switch
        {
            ProduceWorkload.Name => new ProduceWorkload(simulation, line, prng),
            ReadWorkload.Name => new ReadWorkload(simulation, line, prng),
            GroupWorkload.Name => new GroupWorkload(simulation, line, prng),
            DeleteRecordsWorkload.Name => new DeleteRecordsWorkload(simulation, line, prng),
            MinIsrWorkload.Name => new MinIsrWorkload(simulation, line, prng),
            ReassignWorkload.Name => new ReassignWorkload(simulation, line, prng),
            VotersWorkload.Name => new VotersWorkload(simulation, line, prng),
            TopicChurnWorkload.Name => new TopicChurnWorkload(simulation, line, prng),
            _ => throw line.Error($"there is no workload '{name}'"),
        };
        line.End();
        return workload;
    }
}
