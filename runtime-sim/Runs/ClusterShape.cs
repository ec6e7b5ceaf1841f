using Deterministic.Broker;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>
/// Who is what: <c>cluster nodes=N</c> is N nodes that are broker and controller each; with <c>controllers=M</c> there are N
/// brokers, and behind them M nodes that are controllers and nothing else.
/// </summary>
public readonly record struct ClusterShape(int Brokers, int Controllers)
{
    public int Nodes => Brokers + Controllers;

    public NodeRoles RolesOf(int number) => Controllers == 0 ? NodeRoles.Both
        : number < Brokers ? NodeRoles.Broker
        : NodeRoles.Controller;
}
