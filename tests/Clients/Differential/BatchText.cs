using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// Fetched record batches as named texts, one for each batch: everything in the header that the broker did not
/// choose by itself, and a checksum over the records. Producer ids differ from broker to broker, and with them the
/// CRC.
/// </summary>
/// <remarks>
/// A broker that compresses by itself (compression.type) makes the bytes of its own library, so gzip and zstd are
/// compared as what they decompress to, and where there is some, the sizes are not compared.
/// </remarks>
public static class BatchText
{
    private const int MaxDecompressedBytes = 1 << 24;

    public static List<(string Name, string Text)> Describe(Span<byte> bytes)
    {
        var isOfLibrary = false;
        var batches = new List<(string Name, string Text)>();
        var size = bytes.Length;
        while (RecordBatches.TryRead(bytes, out var batch, out _))
        {
            batches.Add((Invariant($"[{batch.BaseOffset}]"), Text(batch)));
            bytes = bytes[batch.SizeInBytes..];
            isOfLibrary |= IsOfLibrary(batch);
        }

        batches.Add((".Size", isOfLibrary ? "some compressed" : Invariant($"{size - bytes.Length} bytes of whole batches")));
        batches.Add((".Rest", isOfLibrary ? "some compressed" : Invariant($"{bytes.Length} bytes that are no whole batch")));
        return batches;
    }

    private static string Text(RecordBatchView batch) => Invariant(
        $"""
        last {batch.LastOffset} epoch {batch.PartitionLeaderEpoch} magic {batch.Magic} attributes {batch.Attributes}
         producer {(batch.HasProducerId ? "some" : "none")} {batch.ProducerEpoch} sequence {batch.BaseSequence}
         records {batch.RecordCount} crc {(batch.IsValidCrc ? "valid" : "wrong")}
         payload {Deterministic.Protocol.Crc32C.Compute(Plain(batch)):x8}{Times(batch)}
        """).ReplaceLineEndings("");

    private static bool IsOfLibrary(RecordBatchView batch) => batch.Compression is CompressionType.Gzip or CompressionType.Zstd;

    private static byte[] Plain(RecordBatchView batch) =>
        IsOfLibrary(batch)
        && new BatchReader().OpenPayload(batch, MaxDecompressedBytes, out var plain) == BatchError.None
            ? plain.ToArray()
            : batch.Payload.ToArray();

    /// <summary>A broker that stamps its own time stamps another than its peer.</summary>
    private static string Times(RecordBatchView batch) => batch.TimestampType == TimestampType.LogAppendTime
        ? ""
        : Invariant($" times {batch.BaseTimestamp} {batch.MaxTimestamp}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
