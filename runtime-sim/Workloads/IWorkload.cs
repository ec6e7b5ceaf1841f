namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>What clients do in a scenario. One class each, made from one <c>workload</c> line.</summary>
public interface IWorkload
{
    /// <summary>Starts its clients; topics exist by now.</summary>
    void Begin();

    /// <summary>Takes up nothing new and brings what it has begun to its end.</summary>
    void Stop();

    /// <summary>Stopped, and nothing is left unanswered.</summary>
    bool IsDone { get; }

    /// <summary>Its clients know all that there was to know when everything had been read back.</summary>
    bool HasCaughtUp => true;

    /// <summary>What it waits for, said when it waits for ever.</summary>
    string Waiting { get; }
}
