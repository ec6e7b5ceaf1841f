using System;
using System.Collections.Generic;

namespace Deterministic.Clients;

/// <summary>
/// In which leader epochs a consumer has read, and from which offset on: the consumer's own side of the comparison that shows
/// where what it read and what a leader holds part (KIP-320).
/// </summary>
/// <remarks>
/// Kafka's consumers remember the last epoch alone, and go back to where that epoch ends on the leader. Where the leader never
/// had that epoch, its earlier one may reach beyond all that was read though the logs part below; so a few more are kept, and the
/// logs are compared epoch by epoch, as a follower does before it cuts its own.
///
/// Bound: <see cref="MaxEpochs"/>; of what was read before the oldest of them nothing is known any more.
/// </remarks>
internal sealed class EpochTrail
{
    /// <summary>Bound: epochs remembered of one partition.</summary>
    public const int MaxEpochs = 32;

    private readonly List<(int Epoch, long Start)> _epochs = [];

    /// <summary>The epoch of the last record read; -1 where nothing is known.</summary>
    public int Last => _epochs.Count == 0 ? -1 : _epochs[^1].Epoch;

    public void Clear() => _epochs.Clear();

    /// <summary>Takes note of a batch: its epoch and its first offset.</summary>
    public void Add(int epoch, long start)
    {
        if (epoch <= Last)
        {
            return;
        }

        if (_epochs.Count == MaxEpochs)
        {
            _epochs.RemoveAt(0);
        }

        _epochs.Add((epoch, start));
    }

    /// <summary>
    /// The leader's latest epoch up to <see cref="Last"/> is this one and ends here. True where what was read up to
    /// <paramref name="position"/> stands in the leader's log too.
    /// </summary>
    public bool Agrees(int epoch, long end, long position) => epoch == Last && end >= position;

    /// <summary>
    /// They do not agree: forgets what the leader has not, and says up to where the logs may still agree. The epoch that is the
    /// last then has to be asked for in its turn.
    /// </summary>
    public long Cut(int epoch, long end, long position)
    {
        var ownEnd = position;
        while (_epochs.Count > 0 && _epochs[^1].Epoch > epoch)
        {
            ownEnd = Math.Min(ownEnd, _epochs[^1].Start);
            _epochs.RemoveAt(_epochs.Count - 1);
        }

        var parting = Math.Min(ownEnd, end);
        while (_epochs.Count > 0 && _epochs[^1].Start >= parting)
        {
            _epochs.RemoveAt(_epochs.Count - 1);
        }

        return parting;
    }
}
