using System;
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
    /// <summary><c>racks=R</c>: brokers stand in so many racks, one after the other; 0 for none.</summary>
    public int Racks { get; init; }

    /// <summary>Null where there are none.</summary>
    public string? RackOf(int number) => Racks == 0 ? null : FormattableString.Invariant($"rack-{number % Racks}");

    public int Nodes => Brokers + Controllers;

    /// <summary>Number of the first node that is a controller; all behind it are controllers, too.</summary>
    public int FirstController => Controllers == 0 ? 0 : Brokers;

    public NodeRoles RolesOf(int number) => Controllers == 0 ? NodeRoles.Both
        : number < Brokers ? NodeRoles.Broker
        : NodeRoles.Controller;
}
