using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>One line of a log directory's checkpoint file.</summary>
public readonly record struct CheckpointEntry(string Topic, int Partition, Offset Offset);

/// <summary>
/// The text files in which a log directory remembers an offset of each of its partitions: recovery points, log
/// starts,
/// high watermarks. Parsing is strict: one wrong line makes the whole file wrong, nothing is skipped.
/// </summary>
public static class Checkpoints
{
    /// <summary>Replaces the file. Done means durable.</summary>
    public static IEnumerator<Ticket> Write(Files files, string path, IReadOnlyList<CheckpointEntry> entries) =>
        AtomicFile.Write(files, path, ToBytes(entries));

    public static byte[] ToBytes(IReadOnlyList<CheckpointEntry> entries)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"0\n{entries.Count}\n");
        foreach (var entry in entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"{entry.Topic} {entry.Partition} {entry.Offset.Value}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public static bool TryParse(ReadOnlySpan<byte> bytes, out List<CheckpointEntry> entries)
    {
        entries = [];
        var lines = new CheckpointLines(bytes);
        if (!lines.TryReadHead(out var count))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            var fields = lines.Next();
            if (fields.Length != 3
                || !CheckpointLines.TryNumber(fields[1], int.MaxValue, out var partition)
                || !CheckpointLines.TryNumber(fields[2], long.MaxValue, out var offset)
                || fields[0].Length == 0)
            {
                return false;
            }

            entries.Add(new CheckpointEntry(fields[0], (int)partition, new Offset(offset)));
        }

        return lines.IsAtEnd;
    }
}

/// <summary>
/// The shape all of Kafka's checkpoint files share: a version, a count, and so many lines of fields.
/// </summary>
internal sealed class CheckpointLines
{
    private const string Version = "0";
    private readonly string[] _lines;
    private int _next;

    public CheckpointLines(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        IsEnded = text.EndsWith('\n');
        _lines = text.Split('\n');
    }

    /// <summary>Every line was read, and the last one was whole.</summary>
    public bool IsAtEnd => IsEnded && _next == _lines.Length - 1;

    private bool IsEnded { get; }

    public bool TryReadHead(out int count)
    {
        count = 0;
        if (_lines.Length < 3 || _lines[0] != Version || !TryNumber(_lines[1], int.MaxValue, out var number))
        {
            return false;
        }

        count = (int)number;
        _next = 2;
        return count == _lines.Length - 3;
    }

    public string[] Next() => _next < _lines.Length ? _lines[_next++].Split(' ') : [];

    public static bool TryNumber(string text, long max, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= max;
}

/// <summary>partition.metadata: which topic the directory belongs to.</summary>
internal static class PartitionMetadataFile
{
    public static byte[] ToBytes(Uuid topicId) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"version: 0\ntopic_id: {topicId}"));

    public static bool TryParse(ReadOnlySpan<byte> bytes, out Uuid topicId)
    {
        const string idField = "topic_id: ";
        var lines = Encoding.UTF8.GetString(bytes).TrimEnd('\n').Split('\n');
        topicId = Uuid.Zero;
        return lines.Length == 2
            && lines[0] == "version: 0"
            && lines[1].StartsWith(idField, StringComparison.Ordinal)
            && Uuid.TryParse(lines[1].AsSpan(idField.Length), out topicId);
    }
}
