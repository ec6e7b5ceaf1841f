using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>
/// Who votes first in a quorum whose voters can change, as <c>storage format</c> is told: <c>--standalone</c>,
/// <c>--initial-controllers</c> or <c>--no-initial-controllers</c>, refused with the sentences of Kafka's own tool.
/// </summary>
internal sealed class FirstQuorum
{
    private const string Standalone = "--standalone";
    private const string Initial = "--initial-controllers";
    private const string NoInitial = "--no-initial-controllers";

    private readonly List<Voter> _initial = [];
    private string? _asked;

    /// <summary>Voters that can change were asked for.</summary>
    public bool IsAsked => _asked is not null;

    /// <summary>Takes what it knows out of the words.</summary>
    public static FirstQuorum Parse(IEnumerable<string> words, out List<string> others)
    {
        var quorum = new FirstQuorum();
        var rest = new Queue<string>(words);
        others = [];
        while (rest.TryDequeue(out var word))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            switch (equals < 0 ? word : word[..equals])
            {
                case Standalone or "-s":
                    quorum.Ask(Standalone);
                    break;
                case NoInitial or "-N":
                    quorum.Ask(NoInitial);
                    break;
                case Initial or "-I":
                    quorum.Ask(Initial);
                    var value = equals >= 0 ? word[(equals + 1)..] : rest.Count > 0 ? rest.Dequeue() : "";
                    quorum._initial.AddRange(ParseVoters(value));
                    break;
                default:
                    others.Add(word);
                    break;
            }
        }

        return quorum;
    }

    /// <summary>The directory id that the list has for a node; null where it has none.</summary>
    public Uuid? DirectoryOf(int node) =>
        _initial.Exists(voter => voter.Id == node) ? _initial.Find(voter => voter.Id == node).DirectoryId : null;

    /// <summary>Null where nothing is to be written: the node is no voter, or its configuration says who votes.</summary>
    public VoterSet? VotersOf(BrokerConfiguration configuration, Uuid directory)
    {
        var isController = configuration.Roles.HasFlag(NodeRoles.Controller);
        if (_asked is Standalone or Initial && configuration.QuorumVoters.Count > 0)
        {
            throw new StartupException(
                "You cannot specify controller.quorum.voters and format the node with --initial-controllers or --standalone. "
                + "If you want to use dynamic quorum, please remove controller.quorum.voters and specify "
                + "controller.quorum.bootstrap.servers instead.");
        }

        if (_asked is Standalone or Initial && !isController)
        {
            throw new StartupException($"You can only use {_asked} on a controller.");
        }

        if (_asked is null && isController && configuration.QuorumVoters.Count == 0
            && configuration.QuorumBootstrapServers.Count > 0)
        {
            throw new StartupException(
                "Because controller.quorum.voters is not set on this controller, you must specify one of the following: "
                + "--standalone, --initial-controllers, or --no-initial-controllers.");
        }

        return _asked switch
        {
            Initial => new VoterSet([.. _initial.Select(voter => On(ListenerOf(configuration).Name, voter))]),
            Standalone => new VoterSet([Itself(configuration, directory)]),
            _ => null,
        };
    }

    private static Voter Itself(BrokerConfiguration configuration, Uuid directory)
    {
        var listener = ListenerOf(configuration);
        var port = listener.AdvertisedPort > 0 ? listener.AdvertisedPort : listener.Port;
        return On(listener.Name, new Voter(configuration.NodeId, directory, listener.HostForClients, port));
    }

    /// <summary>A voter under the name that this node gives the controllers' listener.</summary>
    private static Voter On(string listener, Voter voter) =>
        new(voter.Id, voter.DirectoryId, [new VoterEndpoint(listener, voter.Address.Host, voter.Address.Port)], listener);

    private static ListenerAddress ListenerOf(BrokerConfiguration configuration) =>
        configuration.Listeners.FirstOrDefault(listener => listener.IsController)
            ?? throw new StartupException("controller.listener.names names no listener of this node; a voter needs one");

    /// <summary>id@host:port:directory, separated by commas.</summary>
    private static List<Voter> ParseVoters(string text)
    {
        var voters = new List<Voter>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = entry.LastIndexOf(':');
            if (colon < 0
                || !Uuid.TryParse(entry.AsSpan(colon + 1), out var directory)
                || directory == Uuid.Zero
                || !QuorumAddresses.TryVoter(entry[..colon], out var voter))
            {
                throw new StartupException($"{Initial}: '{entry}' is not id@host:port:directory");
            }

            if (voters.Exists(other => other.Id == voter.NodeId))
            {
                throw new StartupException($"{Initial}: node {voter.NodeId} is there twice");
            }

            voters.Add(new Voter(voter.NodeId, directory, voter.Host, voter.Port));
        }

        voters.Sort((left, right) => left.Id.CompareTo(right.Id));
        return voters.Count > 0 ? voters : throw new StartupException($"{Initial} wants id@host:port:directory, ...");
    }

    private void Ask(string option)
    {
        if (_asked is not null && _asked != option)
        {
            throw new StartupException($"argument {option}: not allowed with argument {_asked}");
        }

        _asked = option;
    }
}
