using System;
using Deterministic.Primitives;
using Deterministic.Protocol.Compression;

namespace Deterministic.Protocol.Batches;

/// <summary>
/// What a leader changes in a batch that <see cref="BatchValidation"/> found good: timestamps in place, and the codec
/// by writing the batch anew.
/// </summary>
public sealed class BatchRewriter(Codec codec)
{
    private readonly RecordBatchBuilder _builder = new(Array.MaxLength, codec);

    public BatchRewriter()
        : this(new Codec())
    {
    }

    /// <summary>
    /// Writes into the header the timestamp type of the topic and the verdict's maximum timestamp, and the checksum
    /// where that changed anything.
    /// </summary>
    public static void Stamp(in RecordBatchView batch, TimestampType type, long maxTimestamp)
    {
        if (batch.TimestampType == type && batch.MaxTimestamp == maxTimestamp)
        {
            return;
        }

        // As in Kafka, bits without a meaning go when the header is written anyway, and stay when it is not.
        batch.SetAttributes((short)(batch.Attributes & RecordBatchLayout.KnownAttributes));
        batch.SetTimestampType(type);
        batch.SetMaxTimestamp(maxTimestamp);
        batch.RecomputeCrc();
    }

    /// <summary>
    /// The same records in the codec of the rules. The result is this object's memory, until the next call, and may be
    /// larger than max.message.bytes: look again.
    /// </summary>
    public Memory<byte> Rewrite(
        in RecordBatchView batch, RecordEnumerator records, in BatchRules rules, in BatchVerdict verdict)
    {
        _builder.Begin(new BatchOptions
        {
            BaseOffset = batch.BaseOffset,
            PartitionLeaderEpoch = batch.PartitionLeaderEpoch,
            ProducerId = batch.ProducerId,
            ProducerEpoch = batch.ProducerEpoch,
            BaseSequence = batch.BaseSequence,
            IsTransactional = batch.IsTransactional,
            IsControl = batch.IsControl,
            Compression = rules.Compression ?? CompressionSetting.Of(batch.Compression),
            LogAppendTimeMs = rules.TimestampType == TimestampType.LogAppendTime ? verdict.MaxTimestamp : null,
        });
        while (records.MoveNext())
        {
            ref readonly var record = ref records.Current;
            Invariant.Check(_builder.TryCopy(record, record.OffsetDelta, batch.TimestampOf(record)));
        }

        return _builder.Build();
    }
}
