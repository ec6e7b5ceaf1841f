using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>
/// The leader's half of the metadata quorum in one epoch: how far each voter holds the log durably, and what is
/// committed.
/// </summary>
/// <remarks>
/// The high watermark is the largest offset that a majority of the voters holds, and it moves only beyond the first
/// record of this leader's own epoch: a record of an earlier epoch on a majority may still be replaced (Raft, figure
/// 8). The leader counts itself only with what it has flushed.
/// </remarks>
internal sealed class QuorumLeader
{
    private readonly SortedDictionary<int, Offset> _durable = [];
    private readonly int _self;
    private readonly Offset _epochStart;

    public QuorumLeader(int self, IReadOnlyList<int> voters, int epoch, Offset epochStart)
    {
        _self = self;
        Epoch = epoch;
        _epochStart = epochStart;
        foreach (var voter in voters)
        {
            _durable[voter] = Offset.Zero;
        }

        Invariant.Check(_durable.ContainsKey(self));
    }

    public int Epoch { get; }

    /// <summary>Everything below is committed; none before the first record of this epoch is.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>This node has flushed its log up to here; true where that moved the high watermark.</summary>
    public bool Flushed(Offset offset)
    {
        _durable[_self] = Offset.Max(_durable[_self], offset);
        var majority = HeldByMajority();
        if (majority <= _epochStart || majority <= HighWatermark)
        {
            return false;
        }

        HighWatermark = majority;
        return true;
    }

    private Offset HeldByMajority()
    {
        var offsets = new List<Offset>(_durable.Count);
        foreach (var (_, offset) in _durable)
        {
            offsets.Add(offset);
        }

        offsets.Sort();
        return offsets[(offsets.Count - 1) / 2];
    }
}
