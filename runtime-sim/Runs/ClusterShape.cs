using Deterministic.Broker;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>
/// Who is what: <c>cluster nodes=N</c> is N nodes that are broker and controller each; with <c>controllers=M</c> there are N
/// brokers, and behind them M nodes that are controllers and nothing else. With <c>voters=V</c> the first V of all controllers
/// vote at first, by name of their directories, and the others follow until they are asked to vote (KIP-853); without it all
/// vote, and for ever.
/// </summary>
public readonly record struct ClusterShape(int Brokers, int Controllers, int FirstVoters = 0)
{
    public int Nodes => Brokers + Controllers;

    /// <summary>Number of the first node that is a controller; all behind it are controllers, too.</summary>
    public int FirstController => Controllers == 0 ? 0 : Brokers;

    public NodeRoles RolesOf(int number) => Controllers == 0 ? NodeRoles.Both
        : number < Brokers ? NodeRoles.Broker
        : NodeRoles.Controller;
}
