using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Coordinators;

/// <summary>
/// The log behind one shard of a coordinator: one partition of an internal topic that this node leads.
/// </summary>
public interface ICoordinatorLog
{
    /// <summary>The partition's index.</summary>
    int Index { get; }

    Offset LogStartOffset { get; }

    /// <summary>Where the next record goes.</summary>
    Offset LogEndOffset { get; }

    /// <summary>Every offset below is committed.</summary>
    Offset HighWatermark { get; }

    /// <summary>Appends one batch; the answer says why it could not.</summary>
    ErrorCode Append(Memory<byte> batch);

    /// <summary>
    /// Shows every batch that ends at <paramref name="from"/> or later, in order; the bytes last for the call.
    /// </summary>
    IEnumerator<Ticket> ReadAll(Offset from, BatchReplay replay);
}
