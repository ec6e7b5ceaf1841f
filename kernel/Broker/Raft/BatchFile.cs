using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Raft;

/// <summary>
/// Reads a file of record batches from its beginning, one window at a time. It ends at the file's end or at the first
/// bytes that are no whole, sound batch; <see cref="ValidBytes"/> tells where that was.
/// </summary>
internal sealed class BatchFile
{
    private const int WindowBytes = 1 << 20;

    /// <summary>Bound: a batch of the metadata quorum is never longer than this.</summary>
    private const int MaxBatchBytes = 64 << 20;

    private readonly Files _files;
    private readonly string _path;
    private readonly long _length;

    public BatchFile(Files files, string path, long length)
    {
        _files = files;
        _path = path;
        _length = length;
    }

    /// <summary>Everything before is sound and has been handed out.</summary>
    public long ValidBytes { get; private set; }

    public bool IsWholeFileValid => ValidBytes == _length;

    /// <summary>Hands every batch to <paramref name="onBatch"/>, which answers false to stop.</summary>
    public IEnumerator<Ticket> Read(Func<byte[], bool> onBatch)
    {
        var file = _files.Open(_path, _length);
        var window = WindowBytes;
        while (ValidBytes < _length)
        {
            var read = _files.Read(file, ValidBytes, (int)Math.Min(window, _length - ValidBytes));
            yield return read;
            var taken = Take(read.Bytes.Span, onBatch, out var needed, out var mustStop);
            ValidBytes += taken;
            if (mustStop
                || (taken == 0 && (needed <= read.Bytes.Length || needed > Math.Min(MaxBatchBytes, _length - ValidBytes))))
            {
                break;
            }

            window = Math.Max(WindowBytes, needed);
        }

        _files.Forget(file);
    }

    private static int Take(ReadOnlySpan<byte> bytes, Func<byte[], bool> onBatch, out int needed, out bool mustStop)
    {
        var taken = 0;
        needed = 0;
        mustStop = false;
        while (!mustStop)
        {
            var rest = bytes[taken..];
            if (RecordBatches.Measure(rest, out needed) != BatchError.None || needed == 0 || needed > rest.Length)
            {
                break;
            }

            var copy = rest[..needed].ToArray();
            if (!RecordBatches.TryRead(copy.AsSpan(), out var batch, out _) || !batch.IsValidCrc)
            {
                mustStop = true;
                break;
            }

            mustStop = !onBatch(copy);
            taken += needed;
        }

        return taken;
    }
}
