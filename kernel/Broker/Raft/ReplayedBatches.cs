using System;
using System.Globalization;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// Takes batches of the metadata log or of a snapshot, in order, and gives what is in them to whom it concerns:
/// metadata records to the state machine, control records to the quorum itself.
/// </summary>
internal sealed class ReplayedBatches
{
    /// <summary>Bound on what one batch may decompress to.</summary>
    private const int MaxBatchBytes = 64 << 20;

    private readonly IMetadataStateMachine _machine;
    private readonly BatchReader _reader = new();

    public ReplayedBatches(IMetadataStateMachine machine)
    {
        _machine = machine;
    }

    /// <summary>The voters as the last voters record has them; null where there was none.</summary>
    public VotersRecord? Voters { get; private set; }

    public short KRaftVersion { get; private set; }

    /// <summary>The greatest leader epoch met, 0 where there was no batch.</summary>
    public int LastEpoch { get; private set; }

    /// <summary>Metadata records given to the state machine.</summary>
    public long RecordCount { get; private set; }

    /// <summary>Why the log cannot be used; null while it can.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Takes one batch out of a file; false where it must be the last.</summary>
    public bool Take(byte[] bytes)
    {
        if (RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _))
        {
            Take(batch);
        }

        return Refusal is null;
    }

    /// <summary>Takes one batch; nothing more once one was refused.</summary>
    public void Take(in RecordBatchView batch)
    {
        if (Refusal is not null)
        {
            return;
        }

        LastEpoch = int.Max(LastEpoch, batch.PartitionLeaderEpoch);
        if (_reader.Open(batch, MaxBatchBytes, out var records) != BatchError.None)
        {
            Refuse("cannot be decompressed", batch.BaseOffset);
            return;
        }

        while (records.MoveNext())
        {
            var offset = batch.OffsetOf(records.Current);
            var value = records.Current.Value.ToArray();
            var isTaken = batch.IsControl
                ? TakeControl(records.Current.Key.ToArray(), value, offset)
                : TakeRecord(value, offset);
            if (!isTaken)
            {
                return;
            }
        }

        if (records.Error != BatchError.None)
        {
            Refuse("is damaged", batch.BaseOffset);
        }
    }

    private bool TakeRecord(byte[] value, long offset)
    {
        if (MetadataRecords.Read(value, out var version) is not { } message)
        {
            return Refuse("is of a kind or version that this release does not know", offset);
        }

        RecordCount++;
        return _machine.Replay(new MetadataRecord(message, version), offset)
            || Refuse("does not fit the records before it", offset);
    }

    private bool TakeControl(byte[] key, byte[] value, long offset)
    {
        if (!ControlRecords.TryReadKey(key, out var type))
        {
            return Refuse("has no control key", offset);
        }

        switch (type)
        {
            case ControlRecordType.KRaftVersion:
                var level = new KRaftVersionRecord();
                if (!Frames.TryRead(value, level, 0))
                {
                    return Refuse("is no kraft.version record", offset);
                }

                KRaftVersion = level.KRaftVersion;
                return true;
            case ControlRecordType.KRaftVoters:
                var voters = new VotersRecord();
                if (!Frames.TryRead(value, voters, 0))
                {
                    return Refuse("is no voters record", offset);
                }

                Voters = voters;
                return true;
            case ControlRecordType.LeaderChange:
            case ControlRecordType.SnapshotHeader:
            case ControlRecordType.SnapshotFooter:
            case ControlRecordType.Abort:
            case ControlRecordType.Commit:
            case ControlRecordType.Unknown:
            default:
                return true;
        }
    }

    private bool Refuse(string why, long offset)
    {
        Refusal = string.Create(
            CultureInfo.InvariantCulture, $"the record at offset {offset} of the metadata log {why}");
        return false;
    }
}
