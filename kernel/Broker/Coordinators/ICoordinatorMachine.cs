using System;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Coordinators;

/// <summary>
/// A coordinator's state machine: the fold of its log's records. The runtime replays every record into it exactly
/// once, in
/// log order: those that were in the log when it was loaded, and then each of its own as it is appended.
/// </summary>
public interface ICoordinatorMachine
{
    /// <summary>
    /// Folds one record into the state. Offsets grow, but for the records of a transaction: those are replayed when
    /// its
    /// marker is met, with the offsets at which they stand, and must not undo what stands behind them.
    /// </summary>
    void Replay(CoordinatorRecord record, Offset at);

    /// <summary>
    /// Reads a record that stands in the log. Null where its type is unknown: other versions of Kafka write types
    /// of their own,
    /// and they are skipped.
    /// </summary>
    CoordinatorRecord? Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isTombstone);

    /// <summary>The whole log is replayed: time-outs begin to run.</summary>
    void Loaded();

    /// <summary>
    /// The partition is no longer ours: forget everything and answer who waits with <paramref name="error"/>.
    /// </summary>
    void Unloaded(ErrorCode error);
}
