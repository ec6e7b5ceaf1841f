using System;
using System.Collections.Generic;
using Deterministic.Protocol.Compression;

namespace Deterministic.Protocol.Batches;

/// <summary>
/// The checks a leader makes of the bytes a client wants appended to a partition, in Kafka's order. They need nothing
/// but the bytes, the topic's rules and the time; sequences, epochs and transactions are the log's business.
/// </summary>
/// <remarks>
/// One instance a node, used again and again. A good uncompressed batch allocates nothing.
/// Where we differ from Kafka 4.3 on purpose: offset deltas that are not 0, 1, 2, ... are refused also when the batch
/// is not compressed (Kafka stores them, and serves offsets of other batches) or would be rewritten; the lengths of
/// compressed records are checked as those of plain ones; and a payload that does not decompress is INVALID_RECORD
/// and an unknown codec UNSUPPORTED_COMPRESSION_TYPE, which Kafka answers with UNKNOWN_SERVER_ERROR.
/// The header's maximum timestamp is never believed and not an error: the verdict carries the right one, and
/// <see cref="BatchRewriter.Stamp"/> writes it.
/// </remarks>
public sealed class BatchValidation(Codec codec)
{
    /// <summary>How many records' errors are told one by one. The batch is refused as a whole anyway.</summary>
    public const int MaxRecordErrors = 100;

    /// <summary>What a record without a key is refused for; whoever knows the partition adds it.</summary>
    public const string KeyMissing = "Compacted topic cannot accept message without key";

    /// <summary>The first produce version that knows zstd.</summary>
    private const short FirstZstdProduceVersion = 7;

    // State

    private readonly BatchReader _reader = new(codec);
    private readonly List<RecordError> _recordErrors = [];

    public BatchValidation()
        : this(new Codec())
    {
    }

    /// <summary>The records that made the last verdict bad, if single records did.</summary>
    public List<RecordError> RecordErrors => _recordErrors;

    /// <summary>
    /// Judges the records of one partition in a produce request. Changes nothing in them.
    /// </summary>
    public BatchVerdict Validate(ReadOnlySpan<byte> records, in BatchRules rules, long nowMs)
    {
        _recordErrors.Clear();
        var verdict = CheckShape(records, rules, out var batch);
        if (verdict.Error != ErrorCode.None)
        {
            return verdict;
        }

        verdict = CheckHeader(batch, rules);
        return verdict.Error != ErrorCode.None ? verdict : CheckRecords(batch, rules, nowMs);
    }

    /// <summary>The records of the batch that was just found good, without decompressing it again.</summary>
    public RecordEnumerator RecordsOf(in RecordBatchView batch) => _reader.OpenAgain(batch);

    /// <summary>What is wrong with the shape alone: one batch, of the present format, in a codec for this version.</summary>
    public static ErrorCode ShapeOf(ReadOnlySpan<byte> records, short produceVersion) =>
        CheckShape(records, new BatchRules { ProduceVersion = produceVersion }, out _).Error;

    // Shape: exactly one batch of the present format

    private static BatchVerdict CheckShape(
        ReadOnlySpan<byte> records, in BatchRules rules, out RecordBatchView batch)
    {
        if (!RecordBatches.TryRead(records, out batch, out var error))
        {
            return error switch
            {
                BatchError.None or BatchError.Incomplete => Invalid("There must be one record batch per partition."),
                BatchError.LegacyMagic => Invalid("Record batches must have magic 2."),
                _ => Corrupt("The record batch has an impossible length or magic."),
            };
        }

        if (batch.Compression == CompressionType.Zstd && rules.ProduceVersion < FirstZstdProduceVersion)
        {
            return new(ErrorCode.UnsupportedCompressionType, "zstd needs produce version 7.");
        }

        return RecordBatches.TryRead(records[batch.SizeInBytes..], out _, out error)
            ? Invalid("There must be only one record batch per partition.")
            : error switch
            {
                BatchError.None or BatchError.Incomplete => default,
                BatchError.LegacyMagic => Invalid("There must be only one record batch per partition."),
                _ => Corrupt("Behind the record batch lies something that is none."),
            };
    }

    // Header

    private static BatchVerdict CheckHeader(in RecordBatchView batch, in BatchRules rules)
    {
        if (batch.BaseOffset != 0)
        {
            return Invalid("The base offset of a producer's batch must be 0.");
        }

        if (batch.SizeInBytes > rules.MaxMessageBytes)
        {
            return new(ErrorCode.MessageTooLarge, "The record batch is larger than max.message.bytes.");
        }

        if (!batch.IsValidCrc)
        {
            return Corrupt("The record batch does not have the checksum that it claims.");
        }

        if (batch.LastOffsetDelta < 0)
        {
            return Invalid("The last offset lies before the base offset.");
        }

        // A count of 2^31 cannot be: the difference is taken where it cannot overflow.
        if (batch.RecordCount <= 0 || batch.RecordCount - 1 != batch.LastOffsetDelta)
        {
            return Invalid("The record count does not agree with the last offset delta.");
        }

        if (batch.IsControl)
        {
            return Invalid("Clients may not write control records.");
        }

        if (batch.HasProducerId && batch.BaseSequence < 0)
        {
            return Invalid("A batch with a producer id needs a sequence number.");
        }

        return Codec.IsKnown(batch.Compression)
            ? default
            : new(ErrorCode.UnsupportedCompressionType, "There is no codec of this number.");
    }

    // Records

    private BatchVerdict CheckRecords(in RecordBatchView batch, in BatchRules rules, long nowMs)
    {
        var error = _reader.Open(batch, rules.MaxDecompressedBytes, out var records);
        if (error != BatchError.None)
        {
            return Broken(error);
        }

        var times = TimeRule.Of(rules, batch.TimestampType, nowMs);
        var maxTimestamp = RecordBatchLayout.NoTimestamp;
        var maxAt = 0;
        var areTimesGood = true;
        var mustRewrite = rules.Compression is { } wanted && wanted.Type != batch.Compression;
        var hasNegativeTime = false;
        while (records.MoveNext())
        {
            ref readonly var record = ref records.Current;
            var index = records.Index - 1;
            if (record.OffsetDelta != index)
            {
                return Broken(BatchError.None);
            }

            var timestamp = batch.TimestampOf(record);
            areTimesGood &= IsTimeGood(record, index, timestamp, rules, times);
            hasNegativeTime |= timestamp < RecordBatchLayout.NoTimestamp;
            if (timestamp > maxTimestamp)
            {
                maxTimestamp = timestamp;
                maxAt = index;
            }
        }

        if (records.Error != BatchError.None)
        {
            return Broken(records.Error);
        }

        if (_recordErrors.Count > 0)
        {
            return Refused(areTimesGood);
        }

        if (mustRewrite && hasNegativeTime)
        {
            return new(ErrorCode.InvalidTimestamp, "A batch that is compressed anew cannot hold times below zero.");
        }

        return new(ErrorCode.None, null)
        {
            SizeInBytes = batch.SizeInBytes,
            MaxTimestamp = times.IsStamped ? nowMs : maxTimestamp,
            OffsetDeltaOfMaxTimestamp = times.IsStamped ? batch.LastOffsetDelta : maxAt,
            MustRewrite = mustRewrite,
        };
    }

    /// <summary>Refuses the record where its key or its time is against the topic's rules; false for its time.</summary>
    private bool IsTimeGood(in RecordView record, int index, long timestamp, in BatchRules rules, in TimeRule times)
    {
        if (rules.IsCompacted && record.IsKeyNull)
        {
            Refuse(index, KeyMissing);
        }
        else if (times.Objection(timestamp) is { } objection)
        {
            Refuse(index, objection);
            return false;
        }

        return true;
    }

    private static BatchVerdict Refused(bool areTimesGood) => new(
        areTimesGood ? ErrorCode.InvalidRecord : ErrorCode.InvalidTimestamp,
        "One or more records have been refused; nothing of the batch was appended.");

    /// <summary>What single records were refused for besides is not worth telling when the batch is broken.</summary>
    private BatchVerdict Broken(BatchError error)
    {
        _recordErrors.Clear();
        return error switch
        {
            BatchError.None => Invalid("The offset deltas are not consecutive."),
            BatchError.TooLarge =>
                new(ErrorCode.MessageTooLarge, "The records decompress to more than this broker allows."),
            BatchError.InvalidCompression => Invalid("The records do not decompress."),
            BatchError.InvalidRecordCount => Invalid("There are not as many records as the batch says."),
            _ => Invalid("A record's fields do not fit its length."),
        };
    }

    private void Refuse(int index, string message)
    {
        if (_recordErrors.Count < MaxRecordErrors)
        {
            _recordErrors.Add(new(index, message));
        }
    }

    private static BatchVerdict Invalid(string message) => new(ErrorCode.InvalidRecord, message);

    private static BatchVerdict Corrupt(string message) => new(ErrorCode.CorruptMessage, message);

    /// <summary>What a topic says of timestamps, worked out once for a batch.</summary>
    /// <param name="IsStamped">The broker stamps the batch.</param>
    /// <param name="IsStampedAlready">The producer claims to have done what only the broker may.</param>
    /// <param name="Earliest">The least timestamp allowed.</param>
    /// <param name="Latest">The greatest.</param>
    private readonly record struct TimeRule(bool IsStamped, bool IsStampedAlready, long Earliest, long Latest)
    {
        public static TimeRule Of(in BatchRules rules, TimestampType claimed, long nowMs) => new(
            rules.TimestampType == TimestampType.LogAppendTime,
            claimed == TimestampType.LogAppendTime,
            nowMs - rules.TimestampBeforeMaxMs,
            nowMs + Math.Min(rules.TimestampAfterMaxMs, long.MaxValue - nowMs));

        public string? Objection(long timestamp)
        {
            if (IsStamped)
            {
                return IsStampedAlready ? "A producer may not set the timestamp type to LogAppendTime." : null;
            }

            return timestamp != RecordBatchLayout.NoTimestamp && (timestamp < Earliest || timestamp > Latest)
                ? "The timestamp is out of the range that the topic allows."
                : null;
        }
    }
}
