using System.Threading.Tasks;
using Deterministic.Runtime.Real.Hosting;

namespace Deterministic.Tests.Processes;

/// <summary>Three nodes in this very process, as `--nodes 3` and .NET tests run them.</summary>
internal sealed class InProcessCluster : IKillableCluster
{
    private readonly DeterministicCluster _cluster = DeterministicCluster.StartAsync().GetAwaiter().GetResult();
    private readonly Task?[] _starting = new Task?[ProcessCluster.Count];

    public string Bootstrap => _cluster.BootstrapServers;

    public void Kill(int node)
    {
        _starting[node - 1]?.GetAwaiter().GetResult();
        _cluster.KillAsync(node).GetAwaiter().GetResult();
    }

    public void Start(int node) => _starting[node - 1] = _cluster.StartNodeAsync(node);

    public void Dispose()
    {
        Task.WhenAll(System.Array.ConvertAll(_starting, one => one ?? Task.CompletedTask)).GetAwaiter().GetResult();
        _cluster.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
