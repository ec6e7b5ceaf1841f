using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Coordinators;

/// <summary>Where one shard of a coordinator is in its life.</summary>
public enum CoordinatorShardState
{
    /// <summary>The log is being replayed; requests answer COORDINATOR_LOAD_IN_PROGRESS.</summary>
    Loading,

    Active,

    /// <summary>Another broker's partition now, or nobody's; requests answer NOT_COORDINATOR.</summary>
    Unloaded,
}

/// <summary>One partition of an internal topic and the state machine that is the fold of its records.</summary>
/// <remarks>
/// Inputs   Load, Append, WhenCommitted, HighWatermarkMoved, Unload
/// Effects  one batch appended to the partition for each set of records; callbacks when they are committed
///
/// Records are replayed when they are appended, so that the next request builds on them, and answered when they are
/// committed. Reads wait as well: what they saw may rest on records that are not committed yet (BUGS.md GRP-16).
/// </remarks>
public sealed class CoordinatorShard
{
    /// <summary>
    /// Bound: the largest batch of one request's records. The topic's max.message.bytes is usually less.
    /// </summary>
    public const int MaxBatchBytes = 64 * 1024 * 1024;

    private readonly ICoordinatorLog _log;
    private readonly ICoordinatorMachine _machine;
    private readonly RecordBatchBuilder _builder;
    private readonly StepClock _clock;
    private readonly Queue<(Offset Needed, Action<ErrorCode> WhenCommitted)> _parked = new();

    public CoordinatorShard(
        ICoordinatorLog log, ICoordinatorMachine machine, RecordBatchBuilder builder, StepClock clock)
    {
        _log = log;
        _machine = machine;
        _builder = builder;
        _clock = clock;
    }

    public CoordinatorShardState State { get; private set; }

    /// <summary>Answers that wait for the high watermark.</summary>
    public int Parked => _parked.Count;

    /// <summary>Why requests cannot be served now; None where they can.</summary>
    public ErrorCode Availability => State switch
    {
        CoordinatorShardState.Active => ErrorCode.None,
        CoordinatorShardState.Loading => ErrorCode.CoordinatorLoadInProgress,
        CoordinatorShardState.Unloaded => ErrorCode.NotCoordinator,
    };

    /// <summary>Replays the whole log. Until it is through, nothing is served and nothing is appended.</summary>
    public void Load(Action whenDone)
    {
        Invariant.Check(State == CoordinatorShardState.Loading);
        Routine.Run(new LogReplay(_log, _machine).Run(() => State == CoordinatorShardState.Loading), () =>
        {
            if (State == CoordinatorShardState.Loading)
            {
                State = CoordinatorShardState.Active;
                _machine.Loaded();
                whenDone();
            }
        });
    }

    /// <summary>
    /// Appends the records as one batch and replays them; no records at all only wait for those before.
    /// </summary>
    public void Append(List<CoordinatorRecord> records, Action<ErrorCode> whenCommitted)
    {
        if (State != CoordinatorShardState.Active)
        {
            whenCommitted(ErrorCode.NotCoordinator);
            return;
        }

        if (records.Count > 0)
        {
            var error = TryAppend(records, out var at);
            if (error != ErrorCode.None)
            {
                whenCommitted(error);
                return;
            }

            for (var i = 0; i < records.Count; i++)
            {
                _machine.Replay(records[i], at + i);
            }
        }

        WhenCommitted(whenCommitted);
    }

    /// <summary>Calls back when everything appended so far is committed, which may be now.</summary>
    public void WhenCommitted(Action<ErrorCode> whenCommitted)
    {
        if (State != CoordinatorShardState.Active)
        {
            whenCommitted(ErrorCode.NotCoordinator);
        }
        else if (_parked.Count == 0 && _log.HighWatermark >= _log.LogEndOffset)
        {
            whenCommitted(ErrorCode.None);
        }
        else
        {
            _parked.Enqueue((_log.LogEndOffset, whenCommitted));
        }
    }

    /// <summary>The high watermark has moved: whoever waited for no more than that is answered, in order.</summary>
    public void HighWatermarkMoved()
    {
        while (_parked.TryPeek(out var first) && first.Needed <= _log.HighWatermark)
        {
            _parked.Dequeue();
            first.WhenCommitted(ErrorCode.None);
        }
    }

    /// <summary>
    /// The partition moved away or is gone. What was appended may or may not survive; nobody is told it did.
    /// </summary>
    public void Unload()
    {
        if (State == CoordinatorShardState.Unloaded)
        {
            return;
        }

        State = CoordinatorShardState.Unloaded;
        while (_parked.TryDequeue(out var waiting))
        {
            waiting.WhenCommitted(ErrorCode.NotCoordinator);
        }

        _machine.Unloaded(ErrorCode.NotCoordinator);
    }

    private ErrorCode TryAppend(List<CoordinatorRecord> records, out Offset at)
    {
        at = _log.LogEndOffset;
        _builder.Begin(new BatchOptions());
        foreach (var record in records)
        {
            if (!_builder.TryAppend(_clock.Now.WallMs, record.KeyBytes(), record.ValueBytes()))
            {
                return ErrorCode.UnknownServerError;
            }
        }

        var error = AnswerTo(_log.Append(_builder.Build()));
        Invariant.Check(error != ErrorCode.None || _log.LogEndOffset == at + records.Count);
        return error;
    }

    /// <summary>What a client of the coordinator is told where the partition says this.</summary>
    private static ErrorCode AnswerTo(ErrorCode error) => error switch
    {
        ErrorCode.UnknownTopicOrPartition or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend
            or ErrorCode.RequestTimedOut => ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError => ErrorCode.NotCoordinator,
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidFetchSize =>
            ErrorCode.UnknownServerError,
        _ => error,
    };
}
