using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>offsets-stable</c>: a log has every offset from its start to its high watermark exactly once, and what somebody
/// once read at an
/// offset is what everybody reads there.
/// </summary>
/// <remarks>
/// 1. Read back, offsets go up by one from the log start and end right below the high watermark. (No compacted or
///    transactional topics here: those may have gaps, and need a check of their own.)
/// 2. Any two reads of one offset saw one record, the final read-back included. A read shows what was below the high
///    watermark, so not even an unacknowledged record may change after it was read.
/// </remarks>
public sealed class OffsetsContiguousAndStable : ICheck
{
    public string Name => "offsets-stable";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        var known = new Dictionary<(int Partition, long Offset), long>();
        foreach (var (partition, log) in history.Final)
        {
            JudgeFinal(history, partition, log, verdict);
            foreach (var (offset, id) in log.Records)
            {
                known[(partition, offset)] = id;
            }
        }

        foreach (var read in history.Reads)
        {
            if (read.IsPosition || contract.MayReuseOffsets(read.Partition, read.At))
            {
                continue;
            }

            var name = history.Partitions[read.Partition];
            if (!known.TryAdd((read.Partition, read.Offset), read.Id))
            {
                var other = known[(read.Partition, read.Offset)];
                if (other != read.Id)
                {
                    verdict.Report(Name, $"{name}: offset {read.Offset} was read as {read.Id:x} and as {other:x}");
                }
            }
            else if (history.Final.TryGetValue(read.Partition, out var log) && read.Offset >= log.HighWatermark)
            {
                verdict.Report(
                    Name,
                    $"{name}: offset {read.Offset} was read at {read.At} but the log ends at {log.HighWatermark}");
            }
        }
    }

    private void JudgeFinal(History history, int partition, FinalLog log, Verdict verdict)
    {
        var name = history.Partitions[partition];
        var next = log.LogStart;
        foreach (var (offset, id) in log.Records)
        {
            if (offset != next)
            {
                verdict.Report(Name, $"{name}: offset {next} expected, {offset} read (record {id:x})");
                return;
            }

            next++;
        }

        if (next != log.HighWatermark)
        {
            verdict.Report(Name, $"{name}: read back up to {next}, the high watermark is {log.HighWatermark}");
        }
    }
}
