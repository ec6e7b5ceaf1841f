using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Reads one snapshot from its file.</summary>
/// <remarks>
/// Inputs   the file's bytes
/// Effects  Name, Read, Forget
///
/// Whole is a file that begins with a header, ends with a footer, and has nothing but sound batches between: a transfer that
/// was cut short on a batch's boundary would otherwise pass for a smaller cluster.
/// </remarks>
internal sealed class SnapshotReading(Files files, string path, long length)
{
    private const int MaxBatchBytes = 1 << 20;

    private readonly BatchFile _file = new(files, path, length);
    private readonly BatchReader _reader = new();
    private bool _hasHeader;
    private bool _hasFooter;

    /// <summary>What the header says: the time of the last record that the snapshot holds.</summary>
    public long LastTimestampMs { get; private set; }

    public bool IsWhole => _file.IsWholeFileValid && _hasHeader && _hasFooter;

    /// <summary>Hands out every batch; false from <paramref name="onBatch"/> stops.</summary>
    public IEnumerator<Ticket> Read(Func<byte[], bool> onBatch) => _file.Read(bytes =>
    {
        Look(bytes);
        return onBatch(bytes);
    });

    public IEnumerator<Ticket> ReadHeader() => _file.Read(bytes =>
    {
        Look(bytes);
        return false;
    });

    private void Look(byte[] bytes)
    {
        if (!RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _) || !batch.IsControl
            || _reader.Open(batch, MaxBatchBytes, out var records) != BatchError.None)
        {
            return;
        }

        while (records.MoveNext())
        {
            if (!ControlRecords.TryReadKey(records.Current.Key.ToArray(), out var type))
            {
                continue;
            }

            _hasFooter |= type == ControlRecordType.SnapshotFooter;
            var header = new SnapshotHeaderRecord();
            if (type == ControlRecordType.SnapshotHeader && Frames.TryRead(records.Current.Value.ToArray(), header, 0))
            {
                _hasHeader = true;
                LastTimestampMs = header.LastContainedLogTimestamp;
            }
        }
    }
}
