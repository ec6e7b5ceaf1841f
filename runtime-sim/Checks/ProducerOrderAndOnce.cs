using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>idempotence</c>: an idempotent producer's records stand in the log at most once, in the order in which it sent
/// them,
/// however often it had to retry. Refused records do not stand there at all, and nothing stands there that nobody sent.
/// </summary>
/// <remarks>
/// 1. No id twice in a partition.
/// 2. Ids of one producer grow with the offsets. This holds after an allowed loss too: what remains is in order.
/// 3. No id that the producer was told is not there.
/// 4. Every id was sent, and to this partition.
/// </remarks>
public sealed class ProducerOrderAndOnce : ICheck
{
    public string Name => "idempotence";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        var sent = new Dictionary<long, (int Partition, Outcome Outcome)>();
        foreach (var record in history.Sent)
        {
            sent[record.Id] = (record.Partition, record.Outcome);
        }

        foreach (var (partition, log) in history.Final)
        {
            var name = history.Partitions[partition];
            var seen = new HashSet<long>();
            var last = new Dictionary<long, (long Id, long Offset)>();
            foreach (var (offset, id) in log.Records)
            {
                if (!seen.Add(id))
                {
                    verdict.Report(Name, $"{name}: record {id:x} stands twice, the second time at {offset}");
                }

                var producer = id >> History.ProducerShift;
                if (last.TryGetValue(producer, out var before) && before.Id > id)
                {
                    verdict.Report(
                        Name,
                        $"{name}: record {id:x} at {offset} was sent before {before.Id:x} at {before.Offset}");
                }

                last[producer] = (id, offset);
                if (!sent.TryGetValue(id, out var known) || known.Partition != partition)
                {
                    verdict.Report(Name, $"{name}: record {id:x} at {offset} was never sent to this partition");
                }
                else if (known.Outcome == Outcome.Refused)
                {
                    verdict.Report(Name, $"{name}: record {id:x} at {offset} had been refused");
                }
            }
        }
    }
}
