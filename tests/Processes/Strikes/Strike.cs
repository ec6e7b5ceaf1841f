using System;
using System.Linq;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes.Strikes;

/// <summary>Three processes and one way to hurt them that is not a kill.</summary>
internal abstract class Strike : IDisposable
{
    public static readonly string[] Names = ["pause", "isolate", "cut-off", "mute", "power-cut"];

    protected Strike(ProcessCluster cluster) => Cluster = cluster;

    public ProcessCluster Cluster { get; }

    public static Strike Open(string name) => name switch
    {
        "pause" => new PauseStrike(),
        "isolate" or "cut-off" or "mute" => NetworkStrike.By(name),
        "power-cut" => PowerCutStrike.OnDisks(),
        _ => throw new ArgumentException($"{name}: none of " + string.Join(", ", Names)),
    };

    /// <summary>Why this strike cannot be done here; null where it can.</summary>
    public static string? WhyNot(string name) => Installed.WhyNot(Needs.Librdkafka) ?? name switch
    {
        "pause" => LinuxFactAttribute.WhyNot(root: false),
        "power-cut" => LinuxFactAttribute.WhyNot(root: true, "mkfs.ext4", "losetup"),
        _ => CutOffNetwork.WhyNot,
    };

    /// <summary>Hurts the node, or everything.</summary>
    public abstract void Hit(int node);

    /// <summary>Ends what was done to the node.</summary>
    public abstract void Heal(int node);

    public virtual void Dispose() => Cluster.Dispose();

    /// <summary>A session that ends soon, so that a round is short; the time-outs of the quorum are Kafka's.</summary>
    protected static NodePlan[] Plans(Func<NodePlan, int, NodePlan> place) =>
        [.. Enumerable.Range(1, ProcessCluster.Count).Select(node =>
            place(new NodePlan(IsKafka: false) { Settings = ["broker.session.timeout.ms=4000"] }, node))];

    /// <summary>SIGSTOP until the others went on without it, then SIGCONT: it takes itself for the leader still.</summary>
    private sealed class PauseStrike() : Strike(new ProcessCluster(Plans((plan, _) => plan)))
    {
        public override void Hit(int node) => Cluster.Pause(node);

        public override void Heal(int node) => Cluster.Continue(node);

        public override void Dispose()
        {
            for (var node = 1; node <= ProcessCluster.Count; node++)
            {
                Cluster.Continue(node);
            }

            base.Dispose();
        }
    }
}
