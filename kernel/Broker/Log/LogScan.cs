using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Who looks at the batches that a scan of a file meets.</summary>
internal interface IBatchVisitor
{
    /// <summary>
    /// One batch, or its header alone, lent for the call, and where it begins. False ends the scan before this batch.
    /// </summary>
    bool Visit(in RecordBatchView batch, long position);
}

/// <summary>How a scan reads: the range, whole batches or headers alone, and how much at once.</summary>
internal readonly record struct ScanRange(long From, long To, bool WholeBatches, int ChunkBytes);

/// <summary>
/// Walks the batches in a range of a file, reading it in chunks. Headers alone are read by stepping over what lies
/// between them when that is more than a chunk.
/// </summary>
/// <remarks>Bound: a chunk, or one batch where that is larger; a batch's length is believed only within the
/// range.</remarks>
internal sealed class LogScan(Files files, OpenFile file, ScanRange range)
{
    private int _need;

    /// <summary>Where the scan stands: everything before it was visited.</summary>
    public long Position { get; private set; } = range.From;

    /// <summary>What stands at the position is no batch. None where the scan came to its end or was ended.</summary>
    public BatchError Error { get; private set; }

    public bool IsStopped { get; private set; }

    public IEnumerator<Ticket> Run(IBatchVisitor visitor)
    {
        while (Position < range.To && !IsStopped && Error == BatchError.None)
        {
            var length = (int)Math.Min(range.To - Position, Math.Max(range.ChunkBytes, _need));
            var read = files.Read(file, Position, length);
            yield return read;
            Walk(read.Bytes.Span, visitor, read.Bytes.Length < length);
        }
    }

    private void Walk(ReadOnlySpan<byte> bytes, IBatchVisitor visitor, bool isShort)
    {
        _need = 0;
        var at = 0L;
        while (at < bytes.Length)
        {
            var rest = bytes[(int)at..];
            if (!RecordBatches.TryReadHeader(rest, out var batch, out var error))
            {
                var isEnd = isShort || Position + rest.Length == range.To;
                Error = error == BatchError.Incomplete && !isEnd ? BatchError.None : error;
                _need = RecordBatchLayout.HeaderBytes;
                return;
            }

            if (batch.SizeInBytes > range.To - Position)
            {
                Error = BatchError.Incomplete;
                return;
            }

            if (range.WholeBatches && !batch.IsWhole)
            {
                _need = batch.SizeInBytes;
                Error = isShort ? BatchError.Incomplete : BatchError.None;
                return;
            }

            if (!visitor.Visit(batch, Position))
            {
                IsStopped = true;
                return;
            }

            Position += batch.SizeInBytes;
            at += batch.SizeInBytes;
        }

        // A file that is shorter than its name said: nothing more will come.
        if (isShort && at <= bytes.Length)
        {
            Error = BatchError.Incomplete;
        }
    }
}
