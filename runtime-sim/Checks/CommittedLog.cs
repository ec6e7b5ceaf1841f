using System;
using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// Ghost of one log: every batch that any replica has ever shown to be committed. Whoever comes to an offset first says what is
/// there; everybody else must have the same.
/// </summary>
public sealed class CommittedLog
{
    private readonly Dictionary<long, CommittedBatch> _batches = [];

    /// <summary>Batches that a second replica, or a later life, was seen to agree about.</summary>
    public long Compared { get; private set; }

    /// <summary>
    /// Looks at everything below the high watermark that the cursor has not passed yet. Null, or a sentence about what differs,
    /// or is missing above the log's start.
    /// </summary>
    public string? Judge(LogCursor cursor, long logStart, long highWatermark)
    {
        while (cursor.Next < highWatermark)
        {
            if (!cursor.TryPeek(durable: false, out var batch))
            {
                return highWatermark <= logStart
                    ? null
                    : FormattableString.Invariant($"committed up to {highWatermark}, and its files end at {cursor.Next}");
            }

            if (batch.Next > highWatermark)
            {
                return null;
            }

            if (_batches.TryAdd(batch.Base, batch))
            {
                cursor.Take(batch);
                continue;
            }

            var known = _batches[batch.Base];
            if (known != batch)
            {
                return FormattableString.Invariant(
                    $"committed up to {highWatermark}, and at {batch.Base} it holds {batch} where another held {known}");
            }

            Compared++;
            cursor.Take(batch);
        }

        return null;
    }
}
