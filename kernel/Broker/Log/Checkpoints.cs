using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>One line of a checkpoint file: an offset of one partition.</summary>
public readonly record struct CheckpointEntry(string Topic, int Partition, Offset Offset);

/// <summary>
/// Kafka's checkpoint files: version, number of entries, then one entry a line. A file with any line wrong is wrong
/// as a
/// whole: half a checkpoint would be believed for some partitions and silently missed for others.
/// </summary>
public static class Checkpoints
{
    private const string Version = "0";

    public static bool TryParse(ReadOnlySpan<byte> bytes, out List<CheckpointEntry> entries)
    {
        entries = [];
        if (!TryReadLines(bytes, out var lines))
        {
            return false;
        }

        foreach (var line in lines)
        {
            var parts = line.Split(' ');
            if (parts.Length != 3
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            {
                return false;
            }

            entries.Add(new CheckpointEntry(parts[0], partition, new Offset(offset)));
        }

        return true;
    }

    /// <summary>Leader epochs and their start offsets, as <c>leader-epoch-checkpoint</c> has them.</summary>
    public static bool TryParseEpochs(ReadOnlySpan<byte> bytes, out List<EpochEntry> entries)
    {
        entries = [];
        if (!TryReadLines(bytes, out var lines))
        {
            return false;
        }

        foreach (var line in lines)
        {
            var parts = line.Split(' ');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start))
            {
                return false;
            }

            entries.Add(new EpochEntry(new LeaderEpoch(epoch), new Offset(start)));
        }

        return true;
    }

    public static IEnumerator<Ticket> Write(Files files, string path, List<CheckpointEntry> entries)
    {
        var text = Begin(entries.Count);
        foreach (var entry in entries)
        {
            text.Append(
                CultureInfo.InvariantCulture, $"{entry.Topic} {entry.Partition} {entry.Offset.Value}\n");
        }

        return AtomicFile.Write(files, path, Encoding.UTF8.GetBytes(text.ToString()));
    }

    public static IEnumerator<Ticket> WriteEpochs(Files files, string path, IReadOnlyList<EpochEntry> entries)
    {
        var text = Begin(entries.Count);
        foreach (var entry in entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"{entry.Epoch.Value} {entry.StartOffset.Value}\n");
        }

        return AtomicFile.Write(files, path, Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static StringBuilder Begin(int count) =>
        new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Version}\n{count}\n");

    private static bool TryReadLines(ReadOnlySpan<byte> bytes, out List<string> entries)
    {
        entries = [];
        var lines = Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 2
            || lines[0] != Version
            || !int.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count != lines.Length - 2)
        {
            return false;
        }

        entries.AddRange(lines.AsSpan(2));
        return true;
    }
}
