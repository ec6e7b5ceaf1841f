using System;
using Deterministic.Protocol.Compression;

namespace Deterministic.Protocol.Batches;

/// <summary>Opens any batch's records: in place where they are plain, else decompressed into its own memory.</summary>
/// <remarks>What it opened lasts until it opens the next; one reader serves one loop.</remarks>
public sealed class BatchReader(Codec codec)
{
    private readonly ScratchBuffer _buffer = new();

    public BatchReader()
        : this(new Codec())
    {
    }

    /// <summary>
    /// The records of a batch, which may turn out broken on the way: look at <see cref="RecordEnumerator.Error"/>
    /// after the last one.
    /// </summary>
    /// <param name="batch">A whole batch; its checksum is not looked at.</param>
    /// <param name="maxBytes">The most that the records may decompress to.</param>
    /// <param name="records">The records.</param>
    public BatchError Open(in RecordBatchView batch, int maxBytes, out RecordEnumerator records)
    {
        var error = OpenPayload(batch, maxBytes, out var payload);
        records = error == BatchError.None ? new(payload, batch.RecordCount) : default;
        return error;
    }

    /// <summary>The same, as bytes.</summary>
    public BatchError OpenPayload(in RecordBatchView batch, int maxBytes, out ReadOnlySpan<byte> payload)
    {
        payload = batch.Payload;
        if (batch.Compression == CompressionType.None)
        {
            return BatchError.None;
        }

        _buffer.Clear();
        var error = codec.Decompress(batch.Compression, payload, maxBytes, _buffer) switch
        {
            CompressionError.None => BatchError.None,
            CompressionError.UnknownType => BatchError.UnknownCompression,
            CompressionError.Corrupt => BatchError.InvalidCompression,
            CompressionError.TooLarge => BatchError.TooLarge,
        };
        payload = _buffer.Written;
        return error;
    }

    /// <summary>
    /// The records of the batch that was opened last, once more. Nothing but what Open gave may have happened since.
    /// </summary>
    public RecordEnumerator OpenAgain(in RecordBatchView batch) =>
        new(batch.Compression == CompressionType.None ? batch.Payload : _buffer.Written, batch.RecordCount);
}
