using System;
using System.Buffers.Binary;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Log;

/// <summary>
/// Kafka's <c>.snapshot</c> file: the producers' state up to the offset in its name. Only the last batch of each
/// producer is in
/// it, so a repetition of an older one is out of order after a restart from it, as with Kafka.
/// </summary>
public static class ProducerSnapshot
{
    private const short Version = 1;
    private const int HeaderBytes = 10;
    private const int EntryBytes = 46;
    private const int CrcAt = 2;
    private const int CountAt = 6;

    public static byte[] Write(ProducerStates states)
    {
        var count = 0;
        foreach (var producer in states.All)
        {
            count += producer.Count > 0 ? 1 : 0;
        }

        var bytes = new byte[HeaderBytes + (count * EntryBytes)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(CountAt), count);
        var at = HeaderBytes;
        foreach (var producer in states.All)
        {
            if (producer.Count > 0)
            {
                WriteEntry(bytes.AsSpan(at, EntryBytes), producer);
                at += EntryBytes;
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcAt), Crc32C.Compute(bytes.AsSpan(CountAt)));
        return bytes;
    }

    /// <summary>False, with nothing loaded, where the file is damaged: an older one serves then.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ProducerStates states)
    {
        states.Clear();
        if (bytes.Length < HeaderBytes
            || BinaryPrimitives.ReadInt16BigEndian(bytes) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]) != Crc32C.Compute(bytes[CountAt..]))
        {
            return false;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(bytes[CountAt..]);
        if (count < 0 || bytes.Length != HeaderBytes + ((long)count * EntryBytes))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            states.Load(ReadEntry(bytes.Slice(HeaderBytes + (i * EntryBytes), EntryBytes)));
        }

        return true;
    }

    private static void WriteEntry(Span<byte> target, ProducerEntry producer)
    {
        var last = producer.Last;
        BinaryPrimitives.WriteInt64BigEndian(target, producer.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(target[8..], producer.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(target[10..], last.LastSequence);
        BinaryPrimitives.WriteInt64BigEndian(target[14..], last.LastOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(target[22..], (int)(last.LastOffset - last.BaseOffset));
        BinaryPrimitives.WriteInt64BigEndian(target[26..], last.TimestampMs);
        BinaryPrimitives.WriteInt32BigEndian(target[34..], producer.CoordinatorEpoch);
        BinaryPrimitives.WriteInt64BigEndian(target[38..], -1);
    }

    private static ProducerEntry ReadEntry(ReadOnlySpan<byte> source)
    {
        var entry = new ProducerEntry(BinaryPrimitives.ReadInt64BigEndian(source))
        {
            Epoch = BinaryPrimitives.ReadInt16BigEndian(source[8..]),
            CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(source[34..]),
        };
        var lastSequence = BinaryPrimitives.ReadInt32BigEndian(source[10..]);
        var lastOffset = new Offset(BinaryPrimitives.ReadInt64BigEndian(source[14..]));
        var delta = BinaryPrimitives.ReadInt32BigEndian(source[22..]);
        var baseSequence = lastSequence - delta;
        if (baseSequence < 0)
        {
            // The batch went over the wrap of the sequence numbers.
            baseSequence += int.MaxValue;
            baseSequence++;
        }

        entry.Add(new ProducerBatchEntry(
            baseSequence,
            lastSequence,
            lastOffset + -delta,
            lastOffset,
            BinaryPrimitives.ReadInt64BigEndian(source[26..])));
        return entry;
    }
}
