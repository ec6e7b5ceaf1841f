using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;
using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Runtime.Sim.Faults;

/// <summary>Where on a broker's disk bits may rot so that the broker can know of it: at most one place in each log.</summary>
/// <remarks>
/// A place is in a batch of a log's last segment, which every recovery after a crash reads, and below the recovery point that
/// the disk itself remembers: behind that, rot looks as a torn write does. Within the batch it is where Kafka's checksum looks,
/// or in the length: of the first offset and the leader epoch, which a broker fills in later, there is no checksum.
/// </remarks>
public static class RottenPlaces
{
    private const string RecoveryPoints = "recovery-point-offset-checkpoint";
    private const int LengthAt = 8;
    private const int LengthBytes = 4;
    private const int MagicAt = 16;

    public static List<(string Path, long Position)> Draw(SimulatedDisk disk, Prng prng)
    {
        var places = new List<(string, long)>();
        if (disk.Content(RecoveryPoints) is not { } content || !Checkpoints.TryParse(content, out var entries))
        {
            return places;
        }

        foreach (var entry in entries)
        {
            var directory = string.Create(CultureInfo.InvariantCulture, $"{entry.Topic}-{entry.Partition}/");
            if (LastSegment(disk, directory) is { } path && prng.OneIn(2)
                && DrawBatch(disk.Find(path)!, entry.Offset.Value, prng) is { } batch)
            {
                places.Add((path, batch.From + DrawByte(batch.Bytes, prng)));
            }
        }

        return places;
    }

    private static string? LastSegment(SimulatedDisk disk, string directory)
    {
        string? last = null;
        foreach (var (path, _) in disk.Files)
        {
            // In ordinal order, and names of segments are as long as each other.
            if (path.StartsWith(directory, StringComparison.Ordinal) && path.EndsWith(".log", StringComparison.Ordinal))
            {
                last = path;
            }
        }

        return last;
    }

    private static (long From, int Bytes)? DrawBatch(SimulatedFile file, long below, Prng prng)
    {
        var bytes = file.Content[..(int)(file.Length - file.Unflushed)];
        var batches = new List<(long, int)>();
        var at = 0;
        while (RecordBatches.TryRead(bytes[at..], out var batch, out _) && batch.IsWhole && batch.IsValidCrc
            && batch.NextOffset <= below)
        {
            batches.Add((at, batch.SizeInBytes));
            at += batch.SizeInBytes;
        }

        return batches.Count == 0 ? null : batches[prng.Next(batches.Count)];
    }

    private static int DrawByte(int batchBytes, Prng prng)
    {
        var drawn = prng.Next(batchBytes - MagicAt + LengthBytes);
        return drawn < LengthBytes ? LengthAt + drawn : MagicAt + drawn - LengthBytes;
    }
}
