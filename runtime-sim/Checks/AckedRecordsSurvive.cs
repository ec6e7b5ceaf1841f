using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>no-acked-record-lost</c>: every record that was acknowledged is read back at the end, unless the contract lets
/// it go.
/// </summary>
/// <remarks>
/// 1. Only acknowledged records are owed. An unanswered one may be there or not.
/// 2. A record below the log start at the end was deleted, which only a trimmed partition may do.
/// 3. Losses that the contract allows are counted, because a lesson expects to see them.
/// </remarks>
public sealed class AckedRecordsSurvive : ICheck
{
    public string Name => "no-acked-record-lost";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        var present = new HashSet<(int Partition, long Id)>();
        foreach (var (partition, log) in history.Final)
        {
            foreach (var (_, id) in log.Records)
            {
                present.Add((partition, id));
            }
        }

        foreach (var record in history.Sent)
        {
            if (record.Outcome != Outcome.Acked
                || !history.Final.TryGetValue(record.Partition, out var log)
                || present.Contains((record.Partition, record.Id)))
            {
                continue;
            }

            if (record.Offset < log.LogStart && contract.IsTrimmed(record.Partition))
            {
                continue;
            }

            if (contract.MayLose(record.Partition, record.AskedAt))
            {
                verdict.AllowedLosses++;
                continue;
            }

            var name = history.Partitions[record.Partition];
            verdict.Report(
                Name,
                $"{name}: record {record.Id:x}, acknowledged at offset {record.Offset} at {record.AnsweredAt}, is gone");
        }
    }
}
