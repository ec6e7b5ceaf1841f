using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// The format of .snapshot: all producers of a partition at an offset, with their last batches, under a checksum.
/// </summary>
/// <remarks>
/// Kafka writes one entry a producer, of its last batch, and forgets the four before it: a producer whose answers
/// were lost
/// then hears that its repetition is out of order. We write an entry for each remembered batch, oldest first. Kafka
/// takes
/// the last entry of an id, and so reads from our file exactly what it would have written.
/// </remarks>
internal static class ProducerSnapshot
{
    /// <summary>Bound: what is read of such a file.</summary>
    public const int MaxBytes = HeaderBytes + (MaxEntries * EntryBytes);

    private const int MaxEntries = ProducerStates.MaxProducers * ProducerEntry.MaxBatches;

    private const short Version = 1;
    private const int CrcAt = 2;
    private const int CheckedAt = 6;
    private const int HeaderBytes = 10;
    private const int EntryBytes = 46;

    /// <summary>The file's content, producers in the order of their ids: equal states make equal bytes.</summary>
    public static byte[] ToBytes(ProducerStates states)
    {
        var entries = new List<ProducerEntry>(states.Count);
        var count = 0;
        for (var entry = states.First; entry is not null; entry = entry.Next)
        {
            entries.Add(entry);
            count += Math.Max(1, entry.BatchCount);
        }

        entries.Sort(static (a, b) => a.ProducerId.CompareTo(b.ProducerId));
        var bytes = new byte[HeaderBytes + (count * EntryBytes)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(CheckedAt), count);
        var at = bytes.AsSpan(HeaderBytes);
        foreach (var entry in entries)
        {
            for (var i = 0; i < Math.Max(1, entry.BatchCount); i++)
            {
                Write(at, entry, i < entry.BatchCount ? entry.Remembered(i) : entry.Newest);
                at = at[EntryBytes..];
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcAt), Crc32C.Compute(bytes.AsSpan(CheckedAt)));
        return bytes;
    }

    /// <summary>Fills the states; false, and empty states, where the bytes are not what was written once.</summary>
    public static bool TryLoad(ReadOnlySpan<byte> bytes, ProducerStates states)
    {
        states.Clear();
        if (bytes.Length < HeaderBytes
            || BinaryPrimitives.ReadInt16BigEndian(bytes) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]) != Crc32C.Compute(bytes[CheckedAt..]))
        {
            return false;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(bytes[CheckedAt..]);
        if (count < 0
            || count > MaxEntries
            || bytes.Length != HeaderBytes + ((long)count * EntryBytes))
        {
            return false;
        }

        var entries = new List<ProducerEntry>(count);
        for (var at = bytes[HeaderBytes..]; !at.IsEmpty; at = at[EntryBytes..])
        {
            Collect(entries, at);
        }

        if (entries.Count > ProducerStates.MaxProducers)
        {
            return false;
        }

        // Oldest first, as expiry wants them; ids make it the same order everywhere.
        entries.Sort(static (a, b) => a.LastTimestampMs != b.LastTimestampMs
            ? a.LastTimestampMs.CompareTo(b.LastTimestampMs)
            : a.ProducerId.CompareTo(b.ProducerId));
        foreach (var entry in entries)
        {
            states.Restore(entry);
        }

        return true;
    }

    private static void Write(Span<byte> at, ProducerEntry entry, in ProducedBatch newest)
    {
        var delta = newest.LastOffset == Offset.None ? 0 : (int)(newest.LastOffset - newest.BaseOffset);
        BinaryPrimitives.WriteInt64BigEndian(at, entry.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(at[8..], entry.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(at[10..], newest.LastSequence);
        BinaryPrimitives.WriteInt64BigEndian(at[14..], newest.LastOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(at[22..], delta);
        BinaryPrimitives.WriteInt64BigEndian(at[26..], entry.LastTimestampMs);
        BinaryPrimitives.WriteInt32BigEndian(at[34..], entry.CoordinatorEpoch);
        BinaryPrimitives.WriteInt64BigEndian(at[38..], entry.TransactionStart.Value);
    }

    /// <summary>
    /// Entries of one producer stand together, oldest first; a newer epoch forgets what came before it.
    /// </summary>
    private static void Collect(List<ProducerEntry> entries, ReadOnlySpan<byte> at)
    {
        var read = Read(at);
        if (entries.Count == 0 || entries[^1].ProducerId != read.ProducerId || entries[^1].Epoch != read.Epoch)
        {
            entries.Add(read);
            return;
        }

        if (read.BatchCount > 0)
        {
            entries[^1].Add(read.Newest);
        }

        entries[^1].LastTimestampMs = read.LastTimestampMs;
        entries[^1].CoordinatorEpoch = read.CoordinatorEpoch;
        entries[^1].TransactionStart = read.TransactionStart;
    }

    private static ProducerEntry Read(ReadOnlySpan<byte> at)
    {
        var lastSequence = BinaryPrimitives.ReadInt32BigEndian(at[10..]);
        var lastOffset = BinaryPrimitives.ReadInt64BigEndian(at[14..]);
        var delta = BinaryPrimitives.ReadInt32BigEndian(at[22..]);
        var entry = new ProducerEntry(
            BinaryPrimitives.ReadInt64BigEndian(at), BinaryPrimitives.ReadInt16BigEndian(at[8..]))
        {
            LastTimestampMs = BinaryPrimitives.ReadInt64BigEndian(at[26..]),
            CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(at[34..]),
            TransactionStart = new Offset(BinaryPrimitives.ReadInt64BigEndian(at[38..])),
        };
        if (lastSequence != RecordBatchLayout.NoSequence)
        {
            // Sequences wrap from the greatest int to 0: the first one of a batch may lie above its last.
            var baseSequence = unchecked(lastSequence - delta) & int.MaxValue;
            entry.Add(new ProducedBatch(
                baseSequence, lastSequence, new Offset(lastOffset - delta), new Offset(lastOffset), entry.LastTimestampMs));
        }

        return entry;
    }
}
