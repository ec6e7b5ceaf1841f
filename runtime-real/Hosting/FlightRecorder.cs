using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>
/// The last inputs of a node, kept in memory at no cost and written as text when it stops because something is wrong.
/// Of
/// a frame it keeps the first eight bytes: which API, which version, which request.
/// </summary>
internal sealed class FlightRecorder
{
    /// <summary>Bound: inputs kept. A power of two.</summary>
    public const int Capacity = 4096;

    private readonly Entry[] _entries = new Entry[Capacity];
    private long _count;

    public void Record(in Now now, in Input input)
    {
        ref var entry = ref _entries[_count++ & (Capacity - 1)];
        entry.Now = now;
        entry.Kind = input.Kind;
        entry.Length = input.Bytes.Length;
        entry.Head = 0;
        entry.Text = input.Text;
        entry.Listener = input.Listener;
        entry.Image = input.Image?.Files.Count ?? 0;
        switch (input.Kind)
        {
            case InputKind.Received:
                entry.Number = input.Connection.Value;
                entry.Head = input.Bytes.Length >= 8 ? BinaryPrimitives.ReadInt64BigEndian(input.Bytes.Span) : 0;
                break;
            case InputKind.Opened or InputKind.Connected or InputKind.Closed:
                entry.Number = input.Connection.Value;
                break;
            case InputKind.Written or InputKind.Flushed or InputKind.DiskFailed:
                entry.Number = input.File.Value;
                entry.Head = input.Position;
                break;
            default:
                entry.Number = input.Ticket;
                break;
        }
    }

    /// <summary>
    /// Writes the record into the data directory; returns the file's path, or null where even that fails.
    /// </summary>
    public string? Dump(string directory, string why)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"stopped: {why}\ninputs: {_count}, the last {Capacity} at most:\n");
        for (var i = Math.Max(0, _count - Capacity); i < _count; i++)
        {
            Describe(text, i, _entries[i & (Capacity - 1)]);
        }

        var stamp = DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var path = Path.Combine(directory, DataDirectory.FlightPrefix + stamp + ".txt");
        try
        {
            File.WriteAllText(path, text.ToString());
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Describe(StringBuilder text, long index, in Entry entry)
    {
        text.Append(CultureInfo.InvariantCulture, $"{index} {entry.Now} {entry.Kind}");
        _ = entry.Kind switch
        {
            InputKind.Started => text.Append(CultureInfo.InvariantCulture, $" {entry.Image} files"),
            InputKind.Received => text.Append(
                CultureInfo.InvariantCulture,
                $" c{entry.Number} {entry.Length} bytes api={entry.Head >> 48} version={(short)(entry.Head >> 32)}")
                .Append(CultureInfo.InvariantCulture, $" correlation={(int)entry.Head}"),
            InputKind.Opened => text.Append(
                CultureInfo.InvariantCulture, $" c{entry.Number} on {entry.Listener} from {entry.Text}"),
            InputKind.Connected or InputKind.Closed => text.Append(CultureInfo.InvariantCulture, $" c{entry.Number}"),
            InputKind.Written or InputKind.Flushed => text.Append(
                CultureInfo.InvariantCulture, $" f{entry.Number} to {entry.Head}"),
            InputKind.DiskFailed => text.Append(CultureInfo.InvariantCulture, $" f{entry.Number}: {entry.Text}"),
            InputKind.ReadDone => text.Append(
                CultureInfo.InvariantCulture, $" r{entry.Number} {entry.Length} bytes"),
            InputKind.NamesChanged => text.Append(CultureInfo.InvariantCulture, $" n{entry.Number}"),
            InputKind.Tick or InputKind.StopRequested => text,
        };
        text.Append('\n');
    }

    private struct Entry
    {
        public Now Now;
        public InputKind Kind;
        public int Listener;
        public int Length;
        public int Image;
        public long Number;
        public long Head;
        public string? Text;
    }
}
