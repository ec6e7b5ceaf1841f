using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
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
    /// Reads whole batches from the one that holds <paramref name="from"/> on, at least one where there is one, up to
    /// about <paramref name="maxBytes"/>, and hands them over as bytes that stay valid.
    /// </summary>
    IEnumerator<Ticket> Read(Offset from, int maxBytes, Action<ReadOnlyMemory<byte>> found);
}
