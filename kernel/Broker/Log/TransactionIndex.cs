using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// One aborted transaction: its producer, first and last offset, and the last stable offset after it ended.
/// </summary>
internal readonly record struct AbortedTransaction(
    long ProducerId, Offset FirstOffset, Offset LastOffset, Offset LastStableOffset);

/// <summary>
/// The format of .txnindex: entries of 34 bytes, ordered by last offset, without a checksum: disposable like all
/// indexes.
/// </summary>
internal static class TransactionIndex
{
    public const int EntryBytes = 34;

    private const short Version = 0;

    public static void Write(Span<byte> bytes, in AbortedTransaction entry)
    {
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        BinaryPrimitives.WriteInt64BigEndian(bytes[2..], entry.ProducerId);
        BinaryPrimitives.WriteInt64BigEndian(bytes[10..], entry.FirstOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes[18..], entry.LastOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes[26..], entry.LastStableOffset.Value);
    }

    /// <summary>False where the bytes cannot be the index of a segment with this base offset.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, Offset baseOffset, List<AbortedTransaction> entries)
    {
        entries.Clear();
        if (bytes.Length % EntryBytes != 0)
        {
            return false;
        }

        var last = baseOffset + -1;
        for (; !bytes.IsEmpty; bytes = bytes[EntryBytes..])
        {
            var entry = new AbortedTransaction(
                BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
                new Offset(BinaryPrimitives.ReadInt64BigEndian(bytes[10..])),
                new Offset(BinaryPrimitives.ReadInt64BigEndian(bytes[18..])),
                new Offset(BinaryPrimitives.ReadInt64BigEndian(bytes[26..])));
            if (BinaryPrimitives.ReadInt16BigEndian(bytes) != Version || entry.LastOffset <= last)
            {
                return false;
            }

            last = entry.LastOffset;
            entries.Add(entry);
        }

        return true;
    }
}
