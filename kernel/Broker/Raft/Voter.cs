using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>Where a voter is reached on one of its controller listeners.</summary>
public readonly record struct VoterEndpoint(string Listener, string Host, int Port);

/// <summary>The levels of <c>kraft.version</c> that a voter knows.</summary>
public readonly record struct KRaftVersions(short Lowest, short Highest)
{
    /// <summary>Those of this release.</summary>
    public static KRaftVersions Ours => new(0, 1);

    public bool Contains(short level) => level >= Lowest && level <= Highest;
}

/// <summary>
/// One voter of the metadata quorum: a node and its directory (KIP-853). With fixed voters nobody knows the directories, and
/// zero stands for any.
/// </summary>
public readonly record struct Voter
{
    /// <summary>The name that nearly everybody gives the controllers' listener.</summary>
    public const string UsualListener = "CONTROLLER";

    /// <summary>A voter as a node sees it whose own controller listener has this name.</summary>
    public Voter(int id, Uuid directoryId, IReadOnlyList<VoterEndpoint> endpoints, string listener)
    {
        Id = id;
        DirectoryId = directoryId;
        Endpoints = endpoints;
        Address = On(listener, id, endpoints);
        KRaftVersions = KRaftVersions.Ours;
    }

    public Voter(int id, Uuid directoryId, string host, int port)
        : this(id, directoryId, [new VoterEndpoint(UsualListener, host, port)], UsualListener)
    {
    }

    public int Id { get; }

    public Uuid DirectoryId { get; init; }

    /// <summary>All of them; others may use listeners of other names.</summary>
    public IReadOnlyList<VoterEndpoint> Endpoints { get; init; }

    public KRaftVersions KRaftVersions { get; init; }

    /// <summary>Where this node reaches it.</summary>
    public PeerAddress Address { get; }

    /// <summary>Among endpoints, the one of this listener; the first where there is none of that name.</summary>
    public static PeerAddress On(string listener, int id, IReadOnlyList<VoterEndpoint> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            if (endpoint.Listener == listener)
            {
                return new PeerAddress(id, endpoint.Host, endpoint.Port);
            }
        }

        return endpoints is [var first, ..] ? new PeerAddress(id, first.Host, first.Port) : new PeerAddress(id, "", 0);
    }

    /// <summary>A node whose disk was replaced is another voter, though its id is the same.</summary>
    public bool Is(int id, Uuid directoryId) =>
        Id == id && (DirectoryId == Uuid.Zero || directoryId == Uuid.Zero || DirectoryId == directoryId);

    public bool Equals(Voter other)
    {
        var isSame = Id == other.Id && DirectoryId == other.DirectoryId && KRaftVersions == other.KRaftVersions
            && Endpoints.Count == other.Endpoints.Count;
        for (var i = 0; isSame && i < Endpoints.Count; i++)
        {
            isSame = Endpoints[i] == other.Endpoints[i];
        }

        return isSame;
    }

    public override int GetHashCode() => Id;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Id}-{DirectoryId}@{Address.Host}:{Address.Port}");
}
