using Deterministic.Protocol.Compression;

namespace Deterministic.Protocol.Batches;

/// <summary>
/// Everything in a batch's header that its records do not decide. Begin with <c>new()</c>, which means a plain
/// producer's batch; <c>default</c> would claim producer 0.
/// </summary>
public readonly record struct BatchOptions()
{
    public long BaseOffset { get; init; }

    public int PartitionLeaderEpoch { get; init; } = RecordBatchLayout.NoPartitionLeaderEpoch;

    public long ProducerId { get; init; } = RecordBatchLayout.NoProducerId;

    public short ProducerEpoch { get; init; } = RecordBatchLayout.NoProducerEpoch;

    public int BaseSequence { get; init; } = RecordBatchLayout.NoSequence;

    public bool IsTransactional { get; init; }

    public bool IsControl { get; init; }

    public CompressionSetting Compression { get; init; }

    /// <summary>The broker's time, where it and not the producer stamps the batch; else null.</summary>
    public long? LogAppendTimeMs { get; init; }

    /// <summary>Compaction: the time from which tombstones may go, kept in the base timestamp.</summary>
    public long? DeleteHorizonMs { get; init; }

    /// <summary>Compaction: the last offset survives though its record went. Else the last record's.</summary>
    public int? LastOffsetDelta { get; init; }
}
