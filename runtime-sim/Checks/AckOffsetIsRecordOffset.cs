using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>ack-offset</c>: an acknowledgement names the offset at which the record stands. Readers use that offset: a
/// producer
/// that commits "my record is at 17" must find it there.
/// </summary>
/// <remarks>
/// 1. Where the offset still exists at the end and may not have been reused, the record there is the acknowledged one.
/// 2. Two records are never acknowledged at one offset of one partition, unless a loss that is allowed lies between.
/// </remarks>
public sealed class AckOffsetIsRecordOffset : ICheck
{
    public string Name => "ack-offset";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        var byOffset = new Dictionary<(int Partition, long Offset), long>();
        foreach (var (partition, log) in history.Final)
        {
            foreach (var (offset, id) in log.Records)
            {
                byOffset[(partition, offset)] = id;
            }
        }

        var acked = new Dictionary<(int Partition, long Offset), SentRecord>();
        foreach (var record in history.Sent)
        {
            if (record.Outcome != Outcome.Acked || contract.MayLose(record.Partition, record.AskedAt))
            {
                continue;
            }

            var key = (record.Partition, record.Offset);
            var name = history.Partitions[record.Partition];
            if (byOffset.TryGetValue(key, out var id) && id != record.Id)
            {
                verdict.Report(Name, $"{name}: {record.Id:x} acknowledged at {record.Offset}, where {id:x} stands");
            }

            if (!acked.TryAdd(key, record))
            {
                verdict.Report(
                    Name,
                    $"{name}: offset {record.Offset} acknowledged for {acked[key].Id:x} and for {record.Id:x}");
            }
        }
    }
}
