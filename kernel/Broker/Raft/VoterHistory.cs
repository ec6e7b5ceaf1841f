using System;
using System.Collections.Generic;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Who votes at each offset of the log.</summary>
/// <remarks>
/// The rule a reader would get wrong: a voters record counts from the moment it is appended, committed or not, and ceases
/// to count when it is truncated (KIP-853; otherwise two majorities that do not meet could decide).
/// </remarks>
internal sealed class VoterHistory(VoterSet beforeAll, string listener)
{
    private const int MaxBatchBytes = 64 << 20;

    private readonly List<(long Offset, VoterSet Voters)> _sets = [];
    private readonly List<(long Offset, short Level)> _levels = [];
    private readonly BatchReader _reader = new();

    /// <summary>The voters as of the log's end.</summary>
    public VoterSet Latest => _sets.Count == 0 ? beforeAll : _sets[^1].Voters;

    /// <summary>The voters before the latest change of them.</summary>
    public VoterSet BeforeLatest => _sets.Count > 1 ? _sets[^2].Voters : beforeAll;

    /// <summary>True where the log itself says who votes: kraft.version 1.</summary>
    public bool IsInLog => _sets.Count > 0;

    /// <summary>Offset of the latest voters record; -1 where there is none.</summary>
    public long LatestOffset => _sets.Count == 0 ? -1 : _sets[^1].Offset;

    public short KRaftVersion => _levels.Count == 0 ? (short)0 : _levels[^1].Level;

    /// <summary>What a batch that was appended says of voters; most batches say nothing.</summary>
    public void Take(in RecordBatchView batch) => Take(batch, null);

    private void Take(in RecordBatchView batch, long? snapshotEnd)
    {
        if (!batch.IsControl || _reader.Open(batch, MaxBatchBytes, out var records) != BatchError.None)
        {
            return;
        }

        while (records.MoveNext())
        {
            var offset = snapshotEnd - 1 ?? batch.OffsetOf(records.Current);
            if (!ControlRecords.TryReadKey(records.Current.Key.ToArray(), out var type))
            {
                continue;
            }

            var value = records.Current.Value.ToArray();
            if (type == ControlRecordType.KRaftVoters)
            {
                var voters = new VotersRecord();
                if (Frames.TryRead(value, voters, 0))
                {
                    _sets.Add((offset, VoterSet.Of(voters, listener)));
                }
            }
            else if (type == ControlRecordType.KRaftVersion)
            {
                var level = new KRaftVersionRecord();
                if (Frames.TryRead(value, level, 0))
                {
                    _levels.Add((offset, level.KRaftVersion));
                }
            }
        }
    }

    /// <summary>The same, of a snapshot's batch: it stands for the snapshot's end, wherever it stands in the file.</summary>
    public void Take(byte[] bytes, long snapshotEnd)
    {
        if (RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _))
        {
            Take(batch, snapshotEnd);
        }
    }

    /// <summary>The voters as of everything below an offset.</summary>
    public VoterSet At(long end)
    {
        var voters = beforeAll;
        foreach (var (offset, set) in _sets)
        {
            voters = offset < end ? set : voters;
        }

        return voters;
    }

    /// <summary>An empty one with the same voters before all: for a snapshot, which takes the place of everything.</summary>
    public VoterHistory Anew() => new(beforeAll, listener);

    /// <summary>Everything from this offset on is gone from the log.</summary>
    public void TruncateTo(long offset)
    {
        while (_sets.Count > 0 && _sets[^1].Offset >= offset)
        {
            _sets.RemoveAt(_sets.Count - 1);
        }

        while (_levels.Count > 0 && _levels[^1].Offset >= offset)
        {
            _levels.RemoveAt(_levels.Count - 1);
        }
    }
}
