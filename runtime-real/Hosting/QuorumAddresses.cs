using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Peers;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>Reads the two properties by which a node finds its metadata quorum.</summary>
internal static class QuorumAddresses
{
    /// <summary><c>controller.quorum.voters</c>: id@host:port, separated by commas.</summary>
    public static IReadOnlyList<PeerAddress> Voters(string text)
    {
        var voters = new List<PeerAddress>();
        foreach (var entry in Entries(text))
        {
            if (!TryVoter(entry, out var voter))
            {
                throw new StartupException($"controller.quorum.voters: '{entry}' is not id@host:port");
            }

            if (voters.Exists(other => other.NodeId == voter.NodeId))
            {
                throw new StartupException($"controller.quorum.voters: node {voter.NodeId} is there twice");
            }

            voters.Add(voter);
        }

        return voters;
    }

    /// <summary><c>controller.quorum.bootstrap.servers</c>: host:port, separated by commas.</summary>
    public static IReadOnlyList<PeerAddress> Servers(string text)
    {
        var servers = new List<PeerAddress>();
        foreach (var entry in Entries(text))
        {
            servers.Add(TryAddress(entry, -1, out var server)
                ? server
                : throw new StartupException($"controller.quorum.bootstrap.servers: '{entry}' is not host:port"));
        }

        return servers;
    }

    /// <summary>id@host:port.</summary>
    public static bool TryVoter(string text, out PeerAddress voter)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        voter = default;
        return at > 0
            && int.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && TryAddress(text[(at + 1)..], id, out voter);
    }

    private static string[] Entries(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static bool TryAddress(string text, int id, out PeerAddress address)
    {
        var colon = text.LastIndexOf(':');
        address = default;
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            return false;
        }

        address = new PeerAddress(id, text[..colon].Trim('[', ']'), port);
        return true;
    }
}
