using System.Collections.Generic;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// What a format tool leaves for the first controller of a new cluster to write: the levels of its features (KIP-778). A
/// controller reads it at each start, and obeys it only while the metadata log is empty.
/// </summary>
public static class BootstrapCheckpoint
{
    /// <summary>Where it belongs, within the data directory.</summary>
    public const string FileName = "bootstrap.checkpoint";

    /// <summary>As Kafka's tool writes it: unlike any other snapshot it claims to contain nothing of any time.</summary>
    public static byte[] Of(IReadOnlyList<MetadataRecord> records, long wallMs) => new SmallSnapshot(wallMs)
        .Control((ControlRecordType.SnapshotHeader, new SnapshotHeaderRecord { LastContainedLogTimestamp = 0 }))
        .Metadata(records)
        .ToFile();
}
