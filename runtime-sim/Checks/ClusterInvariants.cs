using System;
using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Broker.Log;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>cluster-invariants</c>: what must hold over all nodes of a cluster at every moment, looked at whenever a node has done
/// something, against the disks rather than what the nodes say of them.
/// </summary>
/// <remarks>
/// Inputs   Settled, after each event of a node
/// Effects  the world fails, naming node, partition and invariant
///
/// C-ONELEADER, C-EPOCH, C-RAFT  of the quorum: <see cref="QuorumInvariants"/>
/// C-REPLAY, C-META, C-REDUNDANCY  of the metadata: <see cref="MetadataInvariants"/>
/// C-ONELEADER  no two nodes lead a partition in one leader epoch
/// C-EPOCH      what a replica knows of leader and partition epochs never falls while it lives
/// C-HWMONO     a leader's high watermark never falls within its leader epoch, and no replica's falls at all; over a restart,
///              not behind its checkpoint (<see cref="WatermarkCheckpoints"/>)
/// C-HW-RANGE   log start, high watermark and log end are in order
/// C-QSUP       in flush mode every member of the ISR has on its disk what the leader calls committed
/// C-CAND       in flush mode, so has whoever may be elected without loss: ISR and ELR of the newest metadata
/// C-LOGMATCH   replicas are identical below their high watermarks
///
/// The rule a reader would get wrong: where the configuration allows what was committed to be lost (an unclean election, or page
/// cache once power failed), all from C-HWMONO on say nothing any more. Nor is a broker counted on whose disk was taken, until
/// the controllers know of its next life; or whose disk has rotted, until they let that life take part.
/// </remarks>
public sealed class ClusterInvariants : INodeWatcher
{
    public const string Name = "cluster-invariants";

    private readonly World _world;
    private readonly History _history;
    private readonly Contract _contract;
    private readonly QuorumInvariants _quorum;
    private readonly MetadataInvariants _metadata = new();
    private readonly WatermarkCheckpoints _checkpoints = new();
    private readonly Dictionary<(Uuid Topic, int Index), Ghost> _ghosts = [];
    private readonly Dictionary<Partition, Replica> _replicas = [];

    public ClusterInvariants(World world, History history, Contract contract)
    {
        _world = world;
        _history = history;
        _contract = contract;
        _quorum = new QuorumInvariants(world);
    }

    /// <summary>Committed batches of metadata that two members were seen to agree about.</summary>
    public long MetadataCompared => _quorum.Compared;

    /// <summary>Pictures of the cluster that two nodes were seen to agree about.</summary>
    public long PicturesCompared => _metadata.Compared;

    /// <summary>Committed batches of records that two replicas were seen to agree about.</summary>
    public long RecordsCompared { get; private set; }

    /// <summary>Restarts of replicas whose high watermark was held against its checkpoint.</summary>
    public long RestartsJudged => _checkpoints.Judged;

    /// <summary>Moves of a leader's high watermark that were held against the disks of the ISR.</summary>
    public long MovesJudged { get; private set; }

    public void Settled(NodeProcess node)
    {
        if (_contract.DisksLie || node.Kernel is not Node kernel)
        {
            return;
        }

        if ((_quorum.Look(node, kernel.Broker.Quorum) ?? _metadata.Look(node, kernel.Broker.Metadata)) is { } broken)
        {
            Fail(node, broken);
            return;
        }

        _checkpoints.Look(node, kernel);
        foreach (var partition in kernel.Broker.Partitions.All)
        {
            if (partition.Log is { } log && Look(node, partition, log) is { } wrong)
            {
                Fail(node, $"{partition.Topic}-{partition.Index}: {wrong}");
                return;
            }
        }
    }

    /// <summary>
    /// Every leader's ISR is all of its replicas: nobody is catching up, nor on the move; and all know who votes.
    /// </summary>
    public bool AreReplicasLevel()
    {
        MetadataImage? newest = null;
        foreach (var node in _world.Nodes)
        {
            if (node.Kernel is not Node kernel)
            {
                return false;
            }

            newest = newest is null || kernel.Broker.Metadata.LastOffset > newest.LastOffset ? kernel.Broker.Metadata : newest;

            foreach (var partition in kernel.Broker.Partitions.All)
            {
                if (partition.IsLeader && partition.Isr.Count < partition.ReplicaCount)
                {
                    return false;
                }
            }
        }

        return newest is not null && IsLevel(newest) && _quorum.AreVotersAgreed();
    }

    /// <summary>The quorum can spare one of its voters, and its disk with it.</summary>
    public bool AreVotersWhole() => _quorum.AreVotersWhole();

    private bool IsLevel(MetadataImage image)
    {
        foreach (var broker in image.Cluster.Brokers)
        {
            if (HasForgotten(broker))
            {
                return false;
            }
        }

        foreach (var topic in image.Topics.All)
        {
            foreach (var partition in topic.Partitions)
            {
                if (partition.Isr.Length < partition.Replicas.Length || partition.AddingReplicas.Length > 0)
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>
    /// The disk was taken from the very life of the broker that these metadata know; or it has rotted, and the broker, which
    /// reads it now, need not have said so before it is fenced no more.
    /// </summary>
    private bool HasForgotten(BrokerRegistration? broker) =>
        broker is not null && (broker.Epoch <= _world.Nodes[broker.Id - 1].ForgotEpoch
            || (broker.IsFenced && _world.Nodes[broker.Id - 1].HasRotted));

    private void Fail(NodeProcess node, string what) => _world.Fail(
        FailureKind.Safety, Name, FormattableString.Invariant($"node {node.Host + 1}: {what}"));

    private string? Look(NodeProcess node, Partition partition, PartitionLog log)
    {
        var highWatermark = partition.HighWatermark.Value;
        if (!_replicas.TryGetValue(partition, out var replica))
        {
            var kept = _checkpoints.Begin(node, partition);
            replica = new Replica(GhostOf(partition, log), new LogCursor(node.Disk, log.Directory), kept);
            _replicas.Add(partition, replica);
            if (!MayDiverge(partition, log) && kept.JudgeStart(highWatermark, log.LogEndOffset.Value) is { } back)
            {
                return back;
            }
        }

        if (partition.LeaderEpoch == replica.LeaderEpoch && partition.PartitionEpoch == replica.PartitionEpoch
            && partition.IsLeader == replica.IsLeader && highWatermark == replica.HighWatermark)
        {
            return null;
        }

        var wrong = JudgeEpochs(node, partition, replica) ?? JudgeOffsets(partition, log, replica, highWatermark);
        replica.LeaderEpoch = partition.LeaderEpoch;
        replica.PartitionEpoch = partition.PartitionEpoch;
        replica.IsLeader = partition.IsLeader;
        replica.HighWatermark = highWatermark;
        replica.Kept.Now = highWatermark;
        return wrong;
    }

    private static string? JudgeEpochs(NodeProcess node, Partition partition, Replica replica)
    {
        if (partition.LeaderEpoch < replica.LeaderEpoch || partition.PartitionEpoch < replica.PartitionEpoch)
        {
            return FormattableString.Invariant($"C-EPOCH: {partition.LeaderEpoch}, partition epoch {partition.PartitionEpoch} ")
                + FormattableString.Invariant($"after {replica.LeaderEpoch}, {replica.PartitionEpoch}");
        }

        var leaders = replica.Ghost.Leaders;
        return partition.IsLeader && !leaders.TryAdd(partition.LeaderEpoch.Value, node.Host)
            && leaders[partition.LeaderEpoch.Value] != node.Host
                ? FormattableString.Invariant(
                    $"C-ONELEADER: it leads {partition.LeaderEpoch}, which node {leaders[partition.LeaderEpoch.Value] + 1} leads")
                : null;
    }

    private string? JudgeOffsets(Partition partition, PartitionLog log, Replica replica, long highWatermark)
    {
        if (MayDiverge(partition, log))
        {
            return null;
        }

        replica.Ghost.LogStart = Math.Max(replica.Ghost.LogStart, log.LogStartOffset.Value);
        if (partition.PartitionEpoch != replica.PartitionEpoch && log.Config.Durability == DurabilityMode.Flush
            && JudgeElectable(partition, replica.Ghost) is { } lacking)
        {
            return lacking;
        }

        if (highWatermark < replica.HighWatermark)
        {
            return FormattableString.Invariant($"C-HWMONO: high watermark {highWatermark} after {replica.HighWatermark}");
        }

        if (highWatermark > log.LogEndOffset.Value)
        {
            return FormattableString.Invariant($"C-HW-RANGE: high watermark {highWatermark} beyond {log.LogEndOffset}");
        }

        if (highWatermark < log.LogStartOffset.Value)
        {
            return FormattableString.Invariant($"C-HW-RANGE: high watermark {highWatermark} before {log.LogStartOffset}");
        }

        var committed = replica.Ghost.Committed;
        var before = committed.Compared;
        if (!log.Config.IsCompacted
            && committed.Judge(replica.Written, log.LogStartOffset.Value, highWatermark) is { } differs)
        {
            return "C-LOGMATCH: " + differs;
        }

        RecordsCompared += committed.Compared - before;
        return partition.IsLeader && highWatermark > replica.HighWatermark && replica.HighWatermark >= 0
            && log.Config.Durability == DurabilityMode.Flush
                ? JudgeIsr(partition, replica.Ghost, highWatermark)
                : null;
    }

    private string? JudgeIsr(Partition partition, Ghost ghost, long highWatermark)
    {
        MovesJudged++;
        var (newest, cluster) = Newest(partition);
        foreach (var member in partition.Isr)
        {
            // A leader may not have heard yet that a replica left, or moved away, and what it held with it.
            var isCounted = newest is null || newest.PartitionEpoch <= partition.PartitionEpoch
                || Array.IndexOf(newest.Isr, member) >= 0;
            var end = ghost.DurableEnd(_world.Nodes[member - 1]);
            if (end < highWatermark && isCounted && !HasForgotten(cluster?.Find(member)))
            {
                return FormattableString.Invariant(
                    $"C-QSUP: high watermark {highWatermark}, and the disk of node {member}, in the ISR, ends at {end}");
            }
        }

        ghost.HighWatermark = Math.Max(ghost.HighWatermark, highWatermark);
        return null;
    }

    /// <summary>Whoever may be elected without loss holds what was committed so far.</summary>
    private string? JudgeElectable(Partition partition, Ghost ghost)
    {
        var (newest, cluster) = Newest(partition);
        ghost.PartitionEpoch = Math.Max(ghost.PartitionEpoch, partition.PartitionEpoch);
        if (newest is null || ghost.HighWatermark <= ghost.LogStart || newest.PartitionEpoch < ghost.PartitionEpoch)
        {
            // Nothing to hold, or not any more; or a leader was told of its new ISR before anybody has applied it.
            return null;
        }

        foreach (var member in (int[])[.. newest.Isr, .. newest.Elr])
        {
            var end = ghost.DurableEnd(_world.Nodes[member - 1]);
            if (end < ghost.HighWatermark && !HasForgotten(cluster?.Find(member)))
            {
                var electable = $"ISR [{string.Join(',', newest.Isr)}] and ELR [{string.Join(',', newest.Elr)}]";
                return FormattableString.Invariant($"C-CAND: {ghost.HighWatermark} was committed, and the disk of ")
                    + FormattableString.Invariant($"node {member}, of {electable}, ends at {end}");
            }
        }

        return null;
    }

    /// <summary>The latest that any node has applied of this partition, and of the brokers with it.</summary>
    private (PartitionRegistration? Partition, ClusterImage? Cluster) Newest(Partition partition)
    {
        PartitionRegistration? newest = null;
        ClusterImage? cluster = null;
        var applied = -1L;
        foreach (var node in _world.Nodes)
        {
            if (node.Kernel is Node kernel && kernel.Broker.Metadata.LastOffset > applied
                && kernel.Broker.Metadata.Topics.Find(partition.TopicId) is { } topic && partition.Index < topic.Partitions.Count)
            {
                (newest, cluster) = (topic.Partitions[partition.Index], kernel.Broker.Metadata.Cluster);
                applied = kernel.Broker.Metadata.LastOffset;
            }
        }

        return (newest, cluster);
    }

    private bool MayDiverge(Partition partition, PartitionLog log) =>
        (log.Config.Durability != DurabilityMode.Flush && _contract.PowerLosses.Count > 0)
        || (!partition.Topic.StartsWith("__", StringComparison.Ordinal)
            && _contract.IsUnclean(_history.Partition(log.Directory)));

    private Ghost GhostOf(Partition partition, PartitionLog log)
    {
        if (!_ghosts.TryGetValue((partition.TopicId, partition.Index), out var ghost))
        {
            ghost = new Ghost(log.Directory);
            _ghosts.Add((partition.TopicId, partition.Index), ghost);
        }

        return ghost;
    }

    /// <summary>What is true of one partition, whoever believes what.</summary>
    private sealed class Ghost(string directory)
    {
        private readonly SortedDictionary<int, (int Life, LogCursor Cursor)> _durable = [];

        public CommittedLog Committed { get; } = new();

        /// <summary>The highest that a leader was seen to commit, in flush mode.</summary>
        public long HighWatermark { get; set; }

        /// <summary>What is before it was deleted.</summary>
        public long LogStart { get; set; }

        /// <summary>The latest that a replica was seen to live by.</summary>
        public int PartitionEpoch { get; set; } = -1;

        public SortedDictionary<int, int> Leaders { get; } = [];

        /// <summary>Where the log ends that this node's disk would have after a power loss.</summary>
        public long DurableEnd(NodeProcess node)
        {
            if (!_durable.TryGetValue(node.Host, out var known) || known.Life != node.Lives)
            {
                known = (node.Lives, new LogCursor(node.Disk, directory));
                _durable[node.Host] = known;
            }

            while (known.Cursor.TryPeek(durable: true, out var batch))
            {
                known.Cursor.Take(batch);
            }

            return known.Cursor.Next;
        }
    }

    /// <summary>What was last seen of one replica in one life of its node.</summary>
    private sealed class Replica(Ghost ghost, LogCursor written, CheckpointedWatermark kept)
    {
        public Ghost Ghost => ghost;

        public CheckpointedWatermark Kept => kept;

        public LogCursor Written => written;

        public LeaderEpoch LeaderEpoch { get; set; } = LeaderEpoch.None;

        public int PartitionEpoch { get; set; } = -1;

        public bool IsLeader { get; set; }

        public long HighWatermark { get; set; } = -1;
    }
}
