using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>truncations-told</c>: a record that was read at an offset never changes or disappears silently. Where it may be lost at
/// all, whoever read it has been told so by the time it has caught up with the log (C-READ, with the obligation to detect).
/// </summary>
/// <remarks>
/// 1. What a reader believes of a partition is what it read there, less what it was told is gone. At the end all of that
///    stands in the log, at its offset, but for what was deleted from the log's beginning.
/// 2. Nobody is told so of a partition that can lose nothing which was readable.
///
/// The rule a reader would get wrong: <c>offsets-stable</c> judges the log, and excuses what the contract lets go. This judges
/// the reader, and no unclean election and no page cache excuses one that reads on as if nothing had been.
/// </remarks>
public sealed class TruncationsTold : ICheck
{
    public string Name => "truncations-told";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        if (contract.DisksLie)
        {
            return;
        }

        var readers = new SortedDictionary<(int Consumer, int Partition), List<(long Offset, long Id)>>();
        var told = 0;
        for (var i = 0; i < history.Reads.Count; i++)
        {
            for (; told < history.Truncations.Count && history.Truncations[told].ReadsBefore <= i; told++)
            {
                Forget(readers, history.Truncations[told]);
            }

            var read = history.Reads[i];
            if (read.Group < 0 && !read.IsPosition && !contract.IsGone(read.Partition))
            {
                Take(history, readers, read, verdict);
            }
        }

        for (; told < history.Truncations.Count; told++)
        {
            Forget(readers, history.Truncations[told]);
        }

        foreach (var ((consumer, partition), believed) in readers)
        {
            Compare(history, consumer, partition, believed, verdict);
        }

        JudgeTold(history, contract, verdict);
    }

    private static void Forget(
        SortedDictionary<(int Consumer, int Partition), List<(long Offset, long Id)>> readers, in ToldTruncation told)
    {
        if (readers.TryGetValue((told.Consumer, told.Partition), out var believed))
        {
            var from = told.From;
            believed.RemoveAll(record => record.Offset >= from);
        }
    }

    private void Take(
        History history,
        SortedDictionary<(int Consumer, int Partition), List<(long Offset, long Id)>> readers,
        in ReadRecord read,
        Verdict verdict)
    {
        if (!readers.TryGetValue((read.Consumer, read.Partition), out var believed))
        {
            believed = [];
            readers.Add((read.Consumer, read.Partition), believed);
        }

        if (believed.Count == 0 || read.Offset > believed[^1].Offset)
        {
            believed.Add((read.Offset, read.Id));
            return;
        }

        // It went back without a word, as auto.offset.reset may make it.
        var (offset, id) = (read.Offset, read.Id);
        if (believed.Exists(record => record.Offset == offset && record.Id != id))
        {
            var name = history.Partitions[read.Partition];
            verdict.Report(Name, $"{name}: consumer {read.Consumer} read another record at {offset}, and was not told");
        }
    }

    private void Compare(
        History history, int consumer, int partition, List<(long Offset, long Id)> believed, Verdict verdict)
    {
        if (!history.Final.TryGetValue(partition, out var log))
        {
            return;
        }

        var standing = new Dictionary<long, long>();
        foreach (var (offset, id) in log.Records)
        {
            standing[offset] = id;
        }

        foreach (var (offset, id) in believed)
        {
            if (offset < log.LogStart || (standing.TryGetValue(offset, out var now) && now == id))
            {
                continue;
            }

            var found = standing.ContainsKey(offset) ? $"{now:x}" : "nothing";
            var name = history.Partitions[partition];
            verdict.Report(
                Name, $"{name}: consumer {consumer} read {id:x} at {offset}, where now is {found}, and was not told");
            return;
        }
    }

    private void JudgeTold(History history, Contract contract, Verdict verdict)
    {
        foreach (var told in history.Truncations)
        {
            if (!contract.MayLose(told.Partition, default))
            {
                var name = history.Partitions[told.Partition];
                verdict.Report(
                    Name, $"{name}: consumer {told.Consumer} was told at {told.At} of a loss from {told.From} on: none may be");
            }
        }
    }
}
