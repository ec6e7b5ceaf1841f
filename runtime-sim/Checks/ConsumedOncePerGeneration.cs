using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>once-per-generation</c>: in one generation of a group, one member reads a partition, every offset once, without
/// leaving
/// any out.
/// </summary>
/// <remarks>
/// 1. Two members of one generation never read the same partition.
/// 2. From the position at which a member began, offsets go up one by one. (A partition that is trimmed may jump
///    ahead.)
/// 3. Nothing is said across generations: after a rebalance, what was read and not committed is read again.
/// </remarks>
public sealed class ConsumedOncePerGeneration : ICheck
{
    public string Name => "once-per-generation";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        var owners = new Dictionary<(int Group, int Generation, int Partition), (int Consumer, long Next)>();
        foreach (var read in history.Reads)
        {
            if (read.Group < 0)
            {
                continue;
            }

            var key = (read.Group, read.Generation, read.Partition);
            var isFirst = !owners.TryGetValue(key, out var owner);
            var name = history.Partitions[read.Partition];
            if (!isFirst && owner.Consumer != read.Consumer)
            {
                verdict.Report(
                    Name,
                    $"{name}: generation {read.Generation} is read by {owner.Consumer} and by {read.Consumer}");
                continue;
            }

            if (read.IsPosition)
            {
                owners[key] = (read.Consumer, read.Offset);
                continue;
            }

            var mayJump = contract.IsTrimmed(read.Partition) || contract.MayReuseOffsets(read.Partition, read.At);
            var isExpected = isFirst || read.Offset == owner.Next || (mayJump && read.Offset > owner.Next);
            if (!isExpected)
            {
                var what = read.Offset < owner.Next ? "again" : "too early";
                verdict.Report(
                    Name,
                    $"{name}: generation {read.Generation}: offset {read.Offset} read {what}, {owner.Next} was next");
            }

            owners[key] = (read.Consumer, read.Offset + 1);
        }
    }
}
