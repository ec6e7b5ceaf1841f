using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Who votes. Never changed: another set is another object.</summary>
public sealed class VoterSet(IReadOnlyList<Voter> voters)
{
    public static VoterSet Empty { get; } = new([]);

    public IReadOnlyList<Voter> All => voters;

    /// <summary>So many of them decide.</summary>
    public int Majority => (voters.Count / 2) + 1;

    public static VoterSet Fixed(IReadOnlyList<PeerAddress> addresses, string listener)
    {
        var voters = new List<Voter>();
        foreach (var address in addresses)
        {
            voters.Add(new Voter(address.NodeId, Uuid.Zero, [new(listener, address.Host, address.Port)], listener));
        }

        return new VoterSet(voters);
    }

    /// <summary>What a record says, as seen by a node that uses this listener name.</summary>
    public static VoterSet Of(VotersRecord record, string listener)
    {
        var voters = new List<Voter>();
        foreach (var voter in record.Voters)
        {
            var endpoints = new List<VoterEndpoint>();
            foreach (var endpoint in voter.Endpoints)
            {
                endpoints.Add(new VoterEndpoint(endpoint.Name, endpoint.Host, endpoint.Port));
            }

            var feature = voter.KRaftVersionFeature;
            voters.Add(new Voter(voter.VoterId, voter.VoterDirectoryId, endpoints, listener)
            {
                KRaftVersions = new KRaftVersions(feature.MinSupportedVersion, feature.MaxSupportedVersion),
            });
        }

        return new VoterSet(voters);
    }

    public VotersRecord ToRecord()
    {
        var record = new VotersRecord();
        foreach (var voter in voters)
        {
            var written = new VotersRecord.Voter
            {
                VoterId = voter.Id,
                VoterDirectoryId = voter.DirectoryId,
                KRaftVersionFeature = new VotersRecord.KRaftVersionFeature
                {
                    MinSupportedVersion = voter.KRaftVersions.Lowest,
                    MaxSupportedVersion = voter.KRaftVersions.Highest,
                },
            };
            foreach (var endpoint in voter.Endpoints)
            {
                written.Endpoints.Add(new VotersRecord.Endpoint
                {
                    Name = endpoint.Listener,
                    Host = endpoint.Host,
                    Port = (ushort)endpoint.Port,
                });
            }

            record.Voters.Add(written);
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
        all.RemoveAll(voter => voter.Id == removed.Id);
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
