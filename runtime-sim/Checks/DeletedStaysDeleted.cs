namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>log-start</c>: records that DeleteRecords confirmed as deleted never come back: the log starts at or after the
/// confirmed
/// offset, at the end and in every read that began later.
/// </summary>
public sealed class DeletedStaysDeleted : ICheck
{
    public string Name => "log-start";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        foreach (var (partition, logStart, at) in history.LogStarts)
        {
            if (contract.MayReuseOffsets(partition, at))
            {
                continue;
            }

            var name = history.Partitions[partition];
            if (history.Final.TryGetValue(partition, out var log) && log.LogStart < logStart)
            {
                verdict.Report(Name, $"{name}: log start {logStart} confirmed at {at}, {log.LogStart} at the end");
            }
        }
    }
}
