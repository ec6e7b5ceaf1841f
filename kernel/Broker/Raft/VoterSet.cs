using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// One voter of the metadata quorum: a node and its directory (KIP-853). With fixed voters nobody knows the directories, and
/// zero stands for any.
/// </summary>
public readonly record struct Voter(int Id, Uuid DirectoryId, string Host, int Port)
{
    public PeerAddress Address => new(Id, Host, Port);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Id}-{DirectoryId}@{Host}:{Port}");

    /// <summary>A node whose disk was replaced is another voter, though its id is the same.</summary>
    public bool Is(int id, Uuid directoryId) =>
        Id == id && (DirectoryId == Uuid.Zero || directoryId == Uuid.Zero || DirectoryId == directoryId);
}

/// <summary>Who votes. Never changed: another set is another object.</summary>
public sealed class VoterSet(IReadOnlyList<Voter> voters)
{
    public static VoterSet Empty { get; } = new([]);

    public IReadOnlyList<Voter> All => voters;

    /// <summary>So many of them decide.</summary>
    public int Majority => (voters.Count / 2) + 1;

    public static VoterSet Fixed(IReadOnlyList<PeerAddress> addresses)
    {
        var voters = new List<Voter>();
        foreach (var address in addresses)
        {
            voters.Add(new Voter(address.NodeId, Uuid.Zero, address.Host, address.Port));
        }

        return new VoterSet(voters);
    }

    public static VoterSet Of(VotersRecord record)
    {
        var voters = new List<Voter>();
        foreach (var voter in record.Voters)
        {
            var (host, port) = voter.Endpoints.Count > 0 ? (voter.Endpoints[0].Host, voter.Endpoints[0].Port) : ("", 0);
            voters.Add(new Voter(voter.VoterId, voter.VoterDirectoryId, host, port));
        }

        return new VoterSet(voters);
    }

    public VotersRecord ToRecord(string listener)
    {
        var record = new VotersRecord();
        foreach (var voter in voters)
        {
            record.Voters.Add(new VotersRecord.Voter
            {
                VoterId = voter.Id,
                VoterDirectoryId = voter.DirectoryId,
                Endpoints = [new VotersRecord.Endpoint { Name = listener, Host = voter.Host, Port = (ushort)voter.Port }],
                KRaftVersionFeature = new VotersRecord.KRaftVersionFeature { MaxSupportedVersion = 1 },
            });
        }

        return record;
    }

    /// <summary>The set with one voter more, in the order of their ids.</summary>
    public VoterSet With(Voter added)
    {
        var all = new List<Voter>(voters) { added };
        all.Sort((left, right) => left.Id.CompareTo(right.Id));
        return new VoterSet(all);
    }

    /// <summary>The set with one voter less.</summary>
    public VoterSet Without(Voter removed)
    {
        var all = new List<Voter>(voters);
        all.Remove(removed);
        return new VoterSet(all);
    }

    public bool Contains(int id, Uuid directoryId)
    {
        foreach (var voter in voters)
        {
            if (voter.Is(id, directoryId))
            {
                return true;
            }
        }

        return false;
    }

    public override string ToString() => string.Join(", ", voters);

    public Voter? Find(int id)
    {
        foreach (var voter in voters)
        {
            if (voter.Id == id)
            {
                return voter;
            }
        }

        return null;
    }
}
