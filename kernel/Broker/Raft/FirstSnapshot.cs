using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// The snapshot at offset 0 with which a directory is formatted: it holds no metadata and says who votes first (KIP-853).
/// </summary>
public static class FirstSnapshot
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Where it belongs, within the data directory.</summary>
    public static string Path => default(SnapshotId).PathIn(MetadataQuorum.Directory);

    public static byte[] Of(VoterSet voters, long wallMs)
    {
        var builder = new RecordBatchBuilder(MaxBytes);
        builder.Begin(new BatchOptions { PartitionLeaderEpoch = 0, IsControl = true });
        var first = new SnapshotHeaderRecord { LastContainedLogTimestamp = wallMs };
        Append(builder, wallMs, ControlRecordType.SnapshotHeader, first);
        Append(builder, wallMs, ControlRecordType.KRaftVersion, new KRaftVersionRecord { KRaftVersion = 1 });
        Append(builder, wallMs, ControlRecordType.KRaftVoters, voters.ToRecord());
        byte[] header = [.. builder.Build().Span];
        builder.Begin(new BatchOptions { BaseOffset = 3, PartitionLeaderEpoch = 0, IsControl = true });
        Append(builder, wallMs, ControlRecordType.SnapshotFooter, new SnapshotFooterRecord());
        return [.. header, .. builder.Build().Span];
    }

    private static void Append(RecordBatchBuilder builder, long now, ControlRecordType type, IMessage message)
    {
        var isAppended = ControlRecords.TryAppend(builder, now, type, Frames.ToArray(message, 0));
        Invariant.Check(isAppended);
    }
}
