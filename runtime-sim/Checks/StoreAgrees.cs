using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Deterministic.Protocol.Batches;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>store-agrees</c>: after every recovery, and at the end, the files of each partition say the same thing: what an
/// index, a
/// leader epoch checkpoint or a file's name claims is what the log holds.
/// </summary>
/// <remarks>
/// 1. A log file is whole batches with valid checksums, the first not below the file's name, offsets without a gap
///    within
///    and across segments (topics here are not compacted), leader epochs never falling.
/// 2. An offset index entry names the last offset of the batch that begins at its position; entries go up.
/// 3. A time index entry is no later than the latest timestamp up to its offset; entries go up.
/// 4. At rest, the leader epoch checkpoint has every epoch of the log, with the offset at which it begins. (A trimmed
///    log's
///    files hold more than the log, so its checkpoint may know less.)
/// White box, and independent of the kernel's own reading code but for the batch views.
/// </remarks>
public sealed class StoreAgrees : IWorldObserver
{
    public const string Name = "store-agrees";

    private readonly History _history;
    private readonly Contract _contract;

    public StoreAgrees(History history, Contract contract)
    {
        _history = history;
        _contract = contract;
    }

    /// <summary>Segments looked into so far.</summary>
    public int Compared { get; private set; }

    public void Happened(World world, in Happening happening)
    {
        if (happening.Kind == HappeningKind.NodeReady)
        {
            Judge(world, world.Nodes[happening.Node], isAtRest: false);
        }
    }

    /// <summary>
    /// Looks at everything the node has on its disk. Only at rest may small files be expected to have followed the
    /// logs.
    /// </summary>
    public void Judge(World world, NodeProcess node, bool isAtRest)
    {
        if (_contract.DisksLie)
        {
            return;
        }

        node.Disk.Settle();
        var directories = new SortedDictionary<string, SortedDictionary<string, SimulatedFile>>(StringComparer.Ordinal);
        foreach (var (path, file) in node.Disk.Files)
        {
            var slash = path.IndexOf('/', StringComparison.Ordinal);
            if (slash < 0 || !IsPartition(path.AsSpan(0, slash)))
            {
                continue;
            }

            if (!directories.TryGetValue(path[..slash], out var files))
            {
                files = new SortedDictionary<string, SimulatedFile>(StringComparer.Ordinal);
                directories.Add(path[..slash], files);
            }

            files.Add(path[(slash + 1)..], file);
        }

        foreach (var (directory, files) in directories)
        {
            var isTrimmed = _contract.IsTrimmed(_history.Partition(directory));
            if (JudgePartition(files, mustHaveEpochs: isAtRest && !isTrimmed) is { } wrong)
            {
                world.Fail(FailureKind.Safety, Name, $"{directory}/{wrong}");
                return;
            }
        }
    }

    private string? JudgePartition(SortedDictionary<string, SimulatedFile> files, bool mustHaveEpochs)
    {
        var epochs = new List<(int Epoch, long Start)>();
        var next = -1L;
        foreach (var (name, file) in files)
        {
            if (!name.EndsWith(".log", StringComparison.Ordinal))
            {
                continue;
            }

            Compared++;
            var baseOffset = long.Parse(name.AsSpan(0, 20), CultureInfo.InvariantCulture);
            if (next >= 0 && baseOffset != next)
            {
                return FormattableString.Invariant($"{name}: the segment before ends at {next}");
            }

            next = baseOffset;
            var batches = new List<BatchPlace>();
            if (JudgeLog(file.Staged, batches, epochs, ref next) is { } wrong)
            {
                return $"{name}: {wrong}";
            }

            var stem = name[..20];
            if (JudgeIndexes(files, stem, baseOffset, batches) is { } wrongIndex)
            {
                return wrongIndex;
            }
        }

        return mustHaveEpochs ? JudgeEpochs(files, epochs) : null;
    }

    private static string? JudgeLog(
        ReadOnlySpan<byte> bytes, List<BatchPlace> batches, List<(int Epoch, long Start)> epochs, ref long next)
    {
        var at = 0;
        var maxTimestamp = long.MinValue;
        while (at < bytes.Length)
        {
            if (!RecordBatches.TryRead(bytes[at..], out var batch, out var error) || !batch.IsValidCrc)
            {
                return FormattableString.Invariant($"no valid batch at {at} of {bytes.Length} ({error})");
            }

            if (batch.BaseOffset != next)
            {
                return FormattableString.Invariant($"batch at {at} has offset {batch.BaseOffset}, {next} was next");
            }

            var epoch = batch.PartitionLeaderEpoch;
            if (epochs.Count > 0 && epoch < epochs[^1].Epoch)
            {
                return FormattableString.Invariant($"batch at {at} has epoch {epoch} after {epochs[^1].Epoch}");
            }

            if (epochs.Count == 0 || epoch > epochs[^1].Epoch)
            {
                epochs.Add((epoch, batch.BaseOffset));
            }

            maxTimestamp = Math.Max(maxTimestamp, batch.MaxTimestamp);
            batches.Add(new BatchPlace(at, batch.LastOffset, maxTimestamp));
            next = batch.NextOffset;
            at += batch.SizeInBytes;
        }

        return null;
    }

    private static string? JudgeIndexes(
        SortedDictionary<string, SimulatedFile> files, string stem, long baseOffset, List<BatchPlace> batches)
    {
        if (files.TryGetValue(stem + ".index", out var index)
            && JudgeOffsetIndex(Trimmed(index.Staged, 8), baseOffset, batches) is { } wrong)
        {
            return $"{stem}.index: {wrong}";
        }

        return files.TryGetValue(stem + ".timeindex", out var times)
            && JudgeTimeIndex(Trimmed(times.Staged, 12), baseOffset, batches) is { } wrongTime
                ? $"{stem}.timeindex: {wrongTime}"
                : null;
    }

    private static string? JudgeOffsetIndex(ReadOnlySpan<byte> entries, long baseOffset, List<BatchPlace> batches)
    {
        var batch = 0;
        for (var at = 0; at < entries.Length; at += 8)
        {
            var offset = baseOffset + BinaryPrimitives.ReadInt32BigEndian(entries[at..]);
            var position = BinaryPrimitives.ReadInt32BigEndian(entries[(at + 4)..]);
            while (batch < batches.Count && batches[batch].Position < position)
            {
                batch++;
            }

            if (batch == batches.Count || batches[batch].Position != position || batches[batch].LastOffset != offset)
            {
                return FormattableString.Invariant(
                    $"entry {at / 8} says offset {offset} at {position}, where no batch begins that ends with it");
            }
        }

        return null;
    }

    private static string? JudgeTimeIndex(ReadOnlySpan<byte> entries, long baseOffset, List<BatchPlace> batches)
    {
        var last = long.MinValue;
        var batch = 0;
        for (var at = 0; at < entries.Length; at += 12)
        {
            var timestamp = BinaryPrimitives.ReadInt64BigEndian(entries[at..]);
            var offset = baseOffset + BinaryPrimitives.ReadInt32BigEndian(entries[(at + 8)..]);
            while (batch < batches.Count - 1 && batches[batch].LastOffset < offset)
            {
                batch++;
            }

            if (batches.Count > 0 && timestamp > batches[batch].MaxTimestampSoFar)
            {
                return FormattableString.Invariant(
                    $"entry {at / 12} says {timestamp} up to {offset}, which no batch up to there has");
            }

            if (timestamp < last)
            {
                return FormattableString.Invariant($"entry {at / 12} goes back from {last} to {timestamp}");
            }

            last = timestamp;
        }

        return null;
    }

    private static string? JudgeEpochs(
        SortedDictionary<string, SimulatedFile> files, List<(int Epoch, long Start)> epochs)
    {
        if (epochs.Count == 0 || !files.TryGetValue("leader-epoch-checkpoint", out var file))
        {
            return epochs.Count == 0 ? null : "leader-epoch-checkpoint is missing";
        }

        var known = new SortedDictionary<int, long>();
        foreach (var line in Encoding.ASCII.GetString(file.Staged).Split('\n').AsSpan(2))
        {
            var parts = line.Split(' ');
            if (parts.Length == 2)
            {
                known[int.Parse(parts[0], CultureInfo.InvariantCulture)] =
                    long.Parse(parts[1], CultureInfo.InvariantCulture);
            }
        }

        for (var i = 0; i < epochs.Count; i++)
        {
            var (epoch, start) = epochs[i];
            var isKnown = known.TryGetValue(epoch, out var claimed);
            if (!isKnown || (i > 0 && claimed != start) || claimed > start)
            {
                return FormattableString.Invariant(
                    $"leader-epoch-checkpoint: epoch {epoch} begins at {start}, not {(isKnown ? claimed : -1)}");
            }
        }

        return null;
    }

    /// <summary>Whole entries without what preallocation left: zeros at the end.</summary>
    private static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> entries, int size)
    {
        var length = entries.Length / size * size;
        while (length > 0 && entries.Slice(length - size, size).IndexOfAnyExcept((byte)0) < 0)
        {
            length -= size;
        }

        return entries[..length];
    }

    private static bool IsPartition(ReadOnlySpan<char> directory)
    {
        var dash = directory.LastIndexOf('-');
        return dash > 0 && !directory.StartsWith("__") && int.TryParse(directory[(dash + 1)..], out _);
    }

    private readonly record struct BatchPlace(int Position, long LastOffset, long MaxTimestampSoFar);
}
