using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Protocol.Batches;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// Fetched record batches as named texts, one for each batch: everything in the header that the broker did not
/// choose by itself, and a checksum over the records. Producer ids differ from broker to broker, and with them the
/// CRC.
/// </summary>
public static class BatchText
{
    public static List<(string Name, string Text)> Describe(Span<byte> bytes)
    {
        var batches = new List<(string Name, string Text)>();
        var size = bytes.Length;
        while (RecordBatches.TryRead(bytes, out var batch, out _))
        {
            batches.Add((Invariant($"[{batch.BaseOffset}]"), Text(batch)));
            bytes = bytes[batch.SizeInBytes..];
        }

        batches.Add((".Size", Invariant($"{size}")));
        batches.Add((".Rest", Invariant($"{bytes.Length} bytes that are no whole batch")));
        return batches;
    }

    private static string Text(RecordBatchView batch) => Invariant(
        $"""
        last {batch.LastOffset} epoch {batch.PartitionLeaderEpoch} magic {batch.Magic} attributes {batch.Attributes}
         producer {(batch.HasProducerId ? "some" : "none")} {batch.ProducerEpoch} sequence {batch.BaseSequence}
         records {batch.RecordCount} crc {(batch.IsValidCrc ? "valid" : "wrong")}
         payload {Deterministic.Protocol.Crc32C.Compute(batch.Payload):x8}{Times(batch)}
        """).ReplaceLineEndings("");

    /// <summary>A broker that stamps its own time stamps another than its peer.</summary>
    private static string Times(RecordBatchView batch) => batch.TimestampType == TimestampType.LogAppendTime
        ? ""
        : Invariant($" times {batch.BaseTimestamp} {batch.MaxTimestamp}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
