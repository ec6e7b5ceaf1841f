using System;
using System.Buffers.Binary;
using static Deterministic.Protocol.Batches.RecordBatchLayout;

namespace Deterministic.Protocol.Batches;

/// <summary>Walks bytes that should be record batches, one after the other, and trusts none of their lengths.</summary>
/// <remarks>
/// <code>
/// while (RecordBatches.TryRead(bytes, out var batch, out var error))
/// {
///     bytes = bytes[batch.SizeInBytes..];
/// }
/// </code>
/// ends with <see cref="BatchError.None"/> exactly where the bytes end with a batch. Checksums and records are not
/// looked at.
/// </remarks>
public static class RecordBatches
{
    /// <summary>The first batch of <paramref name="bytes"/>, whole.</summary>
    public static bool TryRead(Span<byte> bytes, out RecordBatchView batch, out BatchError error)
    {
        batch = default;
        error = Measure(bytes, out var size);
        if (error != BatchError.None || size == 0)
        {
            return false;
        }

        if (size > bytes.Length)
        {
            error = BatchError.Incomplete;
            return false;
        }

        batch = new(bytes[..size]);
        return true;
    }

    /// <summary>The same for bytes that must not change: do not call the view's setters.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RecordBatchView batch, out BatchError error)
    {
        var writable = RecordBatchView.OfReadOnly(bytes);
        return TryRead(writable.Bytes, out batch, out error);
    }

    /// <summary>
    /// The header of the first batch, though its records may not be there: for readers of files, who step from header
    /// to header. <see cref="RecordBatchView.SizeInBytes"/> says how far the next one is.
    /// </summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out RecordBatchView header, out BatchError error)
    {
        header = default;
        error = Measure(bytes, out var size);
        if (error != BatchError.None || size == 0)
        {
            return false;
        }

        if (bytes.Length < HeaderBytes)
        {
            error = BatchError.Incomplete;
            return false;
        }

        header = RecordBatchView.OfReadOnly(bytes.Length > size ? bytes[..size] : bytes);
        return true;
    }

    /// <summary>
    /// The size of the first batch, or message of an older magic, from its first <see cref="PeekBytes"/> bytes; 0 where
    /// there are no bytes. The size may be more than the bytes that are there, and is also told with
    /// <see cref="BatchError.LegacyMagic"/>.
    /// </summary>
    public static BatchError Measure(ReadOnlySpan<byte> bytes, out int size)
    {
        size = 0;
        if (bytes.IsEmpty)
        {
            return BatchError.None;
        }

        if (bytes.Length < LengthPrefixBytes)
        {
            return BatchError.Incomplete;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[BatchLengthAt..]);
        if (length < LegacyMinBytes - LengthPrefixBytes || length > int.MaxValue - LengthPrefixBytes)
        {
            return BatchError.InvalidLength;
        }

        if (bytes.Length < PeekBytes)
        {
            return BatchError.Incomplete;
        }

        var magic = bytes[MagicAt];
        if (magic > CurrentMagic)
        {
            return BatchError.UnknownMagic;
        }

        if (magic == CurrentMagic && length < HeaderBytes - LengthPrefixBytes)
        {
            return BatchError.InvalidLength;
        }

        size = LengthPrefixBytes + length;
        return magic == CurrentMagic ? BatchError.None : BatchError.LegacyMagic;
    }
}
