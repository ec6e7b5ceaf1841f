using System;
using System.Globalization;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// Takes batches of the metadata log or of a snapshot, in order, and gives what is in them to whom it concerns:
/// metadata records, and the quorum's own level, to the state machine.
/// </summary>
internal sealed class ReplayedBatches
{
    /// <summary>Bound on what one batch may decompress to.</summary>
    private const int MaxBatchBytes = 64 << 20;

    private readonly IMetadataReplay _machine;
    private readonly BatchReader _reader = new();

    public ReplayedBatches(IMetadataReplay machine)
    {
        _machine = machine;
    }

    /// <summary>Metadata records given to the state machine.</summary>
    public long RecordCount { get; private set; }

    /// <summary>Why the log cannot be used; null while it can.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Records that went to the state machine without having been read from a batch.</summary>
    public void RecordsTaken(int count) => RecordCount += count;

    /// <summary>
    /// The end of the snapshot whose batches these are, null for the log's: a snapshot's records do not tell where they stood.
    /// </summary>
    public long? SnapshotEnd { get; set; }

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
        return _machine.Replay(new MetadataRecord(message, version), SnapshotEnd - 1 ?? offset)
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

                _machine.SetKRaftVersion(level.KRaftVersion);
                return true;
            case ControlRecordType.KRaftVoters:
                return Frames.TryRead(value, new VotersRecord(), 0) || Refuse("is no voters record", offset);
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
