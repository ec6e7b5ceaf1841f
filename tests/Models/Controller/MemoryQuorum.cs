using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;

namespace Deterministic.Tests.Models.Controller;

/// <summary>
/// A metadata quorum in memory: what is proposed is committed when the test says so, or is lost with the leadership,
/// whether a later leader commits it or not.
/// </summary>
internal sealed class MemoryQuorum(MetadataImage image) : IMetadataProposer
{
    private readonly Queue<Proposal> _proposals = new();
    private long _committed;

    public long NextOffset { get; private set; }

    public int Pending => _proposals.Count;

    /// <summary>Told after every batch that the image has replayed.</summary>
    public Action? Committed { get; set; }

    public void Propose(List<MetadataRecord> records, Action whenCommitted, Action? whenLost = null)
    {
        Xunit.Assert.InRange(records.Count, 1, MetadataQuorum.MaxRecordsPerProposal);
        NextOffset += records.Count;
        _proposals.Enqueue(new Proposal(records, whenCommitted, whenLost));
    }

    /// <summary>The oldest proposal is committed.</summary>
    public bool CommitOne()
    {
        if (!_proposals.TryDequeue(out var proposal))
        {
            return false;
        }

        Replay(proposal);
        proposal.WhenCommitted();
        return true;
    }

    public void CommitAll()
    {
        while (CommitOne())
        {
        }
    }

    /// <summary>
    /// The leader is gone. Its first <paramref name="kept"/> proposals outlive it; a new leader's records begin after them.
    /// </summary>
    public void LoseLeadership(int kept)
    {
        var all = _proposals.ToArray();
        _proposals.Clear();
        foreach (var proposal in all)
        {
            proposal.WhenLost?.Invoke();
        }

        for (var i = 0; i < all.Length && i < kept; i++)
        {
            Replay(all[i]);
        }

        // The new leader's epoch begins with a record of the quorum's own.
        _committed++;
        NextOffset = _committed;
    }

    private void Replay(Proposal proposal)
    {
        foreach (var record in proposal.Records)
        {
            Xunit.Assert.True(image.Replay(record, _committed++), record.ToString());
        }

        Committed?.Invoke();
    }

    private sealed record Proposal(List<MetadataRecord> Records, Action WhenCommitted, Action? WhenLost);
}
