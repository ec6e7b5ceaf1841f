using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// The snapshot at offset 0 with which a directory is formatted: it holds no metadata and says who votes first (KIP-853).
/// </summary>
public static class FirstSnapshot
{
    /// <summary>Where it belongs, within the data directory.</summary>
    public static string Path => default(SnapshotId).PathIn(MetadataQuorum.Directory);

    public static byte[] Of(VoterSet voters, long wallMs) => new SmallSnapshot(wallMs)
        .Control(
            (ControlRecordType.SnapshotHeader, new SnapshotHeaderRecord { LastContainedLogTimestamp = wallMs }),
            (ControlRecordType.KRaftVersion, new KRaftVersionRecord { KRaftVersion = 1 }),
            (ControlRecordType.KRaftVoters, voters.ToRecord()))
        .ToFile();
}
