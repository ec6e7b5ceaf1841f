using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Coordinators;

/// <summary>A partition of an internal topic that this node leads, as a coordinator sees it.</summary>
/// <remarks>
/// What is appended must stay where it is until the step's effects are done, and the coordinator's builder is used
/// again
/// at once: so each batch gets memory of the step.
/// </remarks>
public sealed class PartitionCoordinatorLog : ICoordinatorLog, IHighWatermarkWaiter
{
    private readonly Partition _partition;
    private readonly StepClock _clock;
    private readonly Effects _effects;
    private CoordinatorShard? _shard;
    private Action<CoordinatorShard>? _moved;

    public PartitionCoordinatorLog(Partition partition, StepClock clock, Effects effects)
    {
        _partition = partition;
        _clock = clock;
        _effects = effects;
    }

    public int Index => _partition.Index;

    public Offset LogStartOffset => _partition.Log!.LogStartOffset;

    public Offset LogEndOffset => _partition.Log!.LogEndOffset;

    public Offset HighWatermark => _partition.HighWatermark;

    /// <summary>Tells of every move of the high watermark from now on.</summary>
    public void Follow(CoordinatorShard shard, Action<CoordinatorShard> moved)
    {
        _shard = shard;
        _moved = moved;
        _partition.Listener = this;
    }

    public ErrorCode Append(Memory<byte> batch)
    {
        if (batch.Length > _partition.Log!.Config.MaxMessageBytes)
        {
            return ErrorCode.MessageTooLarge;
        }

        var kept = _effects.Take(batch.Length);
        batch.CopyTo(kept);
        return _partition.Append(_clock.Now, kept, AppendOrigin.Coordinator).Error;
    }

    public IEnumerator<Ticket> ReadAll(Offset from, BatchReplay replay) => _partition.Log!.ReadAll(from, replay);

    public void HighWatermarkReached(Partition partition, long token) => _moved?.Invoke(_shard!);
}
