using System;
using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// How far a restart may throw a replica's high watermark back: not behind what the last checkpoint on its disk must hold. A
/// follower that begins at zero shows its readers nothing of what they have read already (C-HWMONO over a restart).
/// </summary>
/// <remarks>
/// Inputs   Look (once for each node that has settled), Begin (for each replica that is new in this life of its node)
/// Effects  none; <see cref="CheckpointedWatermark.JudgeStart"/> says what is wrong
///
/// The ghost: each time another checkpoint file has become durable, its numbers were collected after the one before it had
/// become so. What was the high watermark then, is in it or below it. No number of the file itself is believed, nor read.
///
/// The rule a reader would get wrong: a log that ends before that, because its end was cut or lost, excuses a lower high
/// watermark. So does a replica that was taken away meanwhile: one created anew in its place begins at nothing.
/// </remarks>
internal sealed class WatermarkCheckpoints
{
    private const string FileName = "replication-offset-checkpoint";
    private readonly SortedDictionary<int, DiskView> _disks = [];

    /// <summary>Restarts of replicas that were held against a checkpoint.</summary>
    public long Judged { get; private set; }

    /// <summary>Sees whether a checkpoint has become durable. Before the node's replicas are judged.</summary>
    public void Look(NodeProcess node, Node kernel)
    {
        if (!_disks.TryGetValue(node.Host, out var disk) || disk.ForgotEpoch != node.ForgotEpoch)
        {
            disk = new DiskView(node.ForgotEpoch);
            _disks[node.Host] = disk;
        }

        var file = node.Disk.FindDurable(FileName);
        if (disk.Life != node.Lives)
        {
            // Became durable while nobody looked: what it must hold is not known, so it must only hold what the one before did.
            disk.Life = node.Lives;
            disk.Checkpoint = file;
            return;
        }

        if (file is null || file == disk.Checkpoint)
        {
            return;
        }

        disk.Checkpoint = file;
        disk.Passed(kernel.Broker.Partitions);
    }

    /// <summary>A replica that was not there before, or not in this life of its node.</summary>
    public CheckpointedWatermark Begin(NodeProcess node, Partition partition)
    {
        var replicas = _disks[node.Host].Replicas;
        if (!replicas.TryGetValue((partition.TopicId, partition.Index), out var known) || known.Life == node.Lives)
        {
            known = new CheckpointedWatermark();
            replicas[(partition.TopicId, partition.Index)] = known;
        }

        Judged += known.Kept >= 0 ? 1 : 0;
        known.Begin(partition, node.Lives);
        return known;
    }

    /// <summary>One node's disk, until it is taken away.</summary>
    private sealed class DiskView(long forgotEpoch)
    {
        public long ForgotEpoch => forgotEpoch;

        public int Life { get; set; } = -1;

        public SimulatedFile? Checkpoint { get; set; }

        public Dictionary<(Uuid Topic, int Index), CheckpointedWatermark> Replicas { get; private set; } = [];

        /// <summary>Another checkpoint is durable: it holds what was true when the one before it had become so.</summary>
        public void Passed(PartitionTable hosted)
        {
            var kept = new Dictionary<(Uuid Topic, int Index), CheckpointedWatermark>();
            foreach (var partition in hosted.All)
            {
                var key = (partition.TopicId, partition.Index);
                if (Replicas.TryGetValue(key, out var known) && known.Partition == partition)
                {
                    known.CheckpointPassed();
                    kept.Add(key, known);
                }
            }

            Replicas = kept;
        }
    }
}

/// <summary>What is known of one replica's high watermark, over the lives of its node.</summary>
internal sealed class CheckpointedWatermark
{
    private const long Nothing = -1;

    /// <summary>The high watermark when the last checkpoint had become durable.</summary>
    private long _atLast = Nothing;

    public Partition? Partition { get; private set; }

    public int Life { get; private set; }

    /// <summary>The high watermark when the node had settled last.</summary>
    public long Now { get; set; } = Nothing;

    /// <summary>What the last checkpoint must hold at least.</summary>
    public long Kept { get; private set; } = Nothing;

    /// <summary>In a new life the file holds what it held; all else is known from the next one on.</summary>
    public void Begin(Partition partition, int life)
    {
        Partition = partition;
        Life = life;
        _atLast = Kept;
        Now = Kept;
    }

    public void CheckpointPassed()
    {
        Kept = _atLast;
        _atLast = Now;
    }

    /// <summary>Null where nothing is wrong with where the replica begins.</summary>
    public string? JudgeStart(long highWatermark, long logEnd) => highWatermark < Math.Min(Kept, logEnd)
        ? FormattableString.Invariant($"C-HWMONO: it begins with high watermark {highWatermark}; {Kept} was written down before ")
            + FormattableString.Invariant($"it went down, and its log ends at {logEnd}")
        : null;
}
