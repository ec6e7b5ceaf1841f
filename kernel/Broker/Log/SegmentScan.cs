using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>What a scan shows of each batch; false ends the scan before the batch counts.</summary>
internal delegate bool BatchSeen(in RecordBatchView batch, long position);

/// <summary>
/// Reads the batches of one segment file in order, a bounded piece at a time, whole batches only. Ends at the end
/// of the file, at
/// the first bytes that are no batch, or when told to; <see cref="ValidEnd"/> says where.
/// </summary>
internal sealed class SegmentScan
{
    /// <summary>Bytes read at a time; a larger batch is read whole.</summary>
    private const int ChunkBytes = 1 << 20;

    private readonly Files _files;
    private readonly OpenFile _file;
    private readonly long _end;

    public SegmentScan(Files files, OpenFile file, long from, long end)
    {
        _files = files;
        _file = file;
        _end = end;
        ValidEnd = from;
    }

    /// <summary>Everything before this position was read and shown.</summary>
    public long ValidEnd { get; private set; }

    /// <summary>What ended the scan: None at the end of the file, or where the observer said stop.</summary>
    public BatchError Error { get; private set; }

    /// <summary>The observer ended the scan.</summary>
    public bool WasStopped { get; private set; }

    public IEnumerator<Ticket> Run(BatchSeen seen)
    {
        var want = ChunkBytes;
        while (ValidEnd < _end && !WasStopped && Error == BatchError.None)
        {
            var length = (int)Math.Min(want, _end - ValidEnd);
            var read = _files.Read(_file, ValidEnd, length);
            yield return read;
            var isLast = ValidEnd + read.Bytes.Length >= _end || read.Bytes.Length < length;
            want = Show(read.Bytes.Span, isLast, seen);
        }
    }

    /// <summary>
    /// Shows the whole batches of these bytes; returns how many bytes the next read needs at least.
    /// </summary>
    private int Show(ReadOnlySpan<byte> bytes, bool isLast, BatchSeen seen)
    {
        var isFirst = true;
        while (true)
        {
            if (!RecordBatches.TryRead(bytes, out var batch, out var error))
            {
                if (error == BatchError.Incomplete && !isLast)
                {
                    return isFirst ? NeededFor(bytes) : ChunkBytes;
                }

                Error = error;
                return ChunkBytes;
            }

            if (!seen(batch, ValidEnd))
            {
                WasStopped = true;
                return ChunkBytes;
            }

            isFirst = false;
            ValidEnd += batch.SizeInBytes;
            bytes = bytes[batch.SizeInBytes..];
        }
    }

    private static int NeededFor(ReadOnlySpan<byte> bytes) =>
        RecordBatches.Measure(bytes, out var size) == BatchError.None && size > ChunkBytes ? size : ChunkBytes * 2;
}
