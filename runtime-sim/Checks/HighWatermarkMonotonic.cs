using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>high-watermark</c>: on one connection the high watermark that fetches show never goes back. (Between
/// connections answers
/// overtake each other; what was read and is gone again, <c>offsets-stable</c> sees.)
/// </summary>
public sealed class HighWatermarkMonotonic : ICheck
{
    public string Name => "high-watermark";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        var highest = new Dictionary<(int Partition, long Session), long>();
        foreach (var (partition, session, highWatermark, at) in history.HighWatermarks)
        {
            var before = highest.GetValueOrDefault((partition, session), -1);
            if (highWatermark < before && !contract.IsGone(partition))
            {
                var name = history.Partitions[partition];
                verdict.Report(Name, $"{name}: high watermark {highWatermark} at {at} after {before}");
            }

            highest[(partition, session)] = highWatermark;
        }
    }
}
