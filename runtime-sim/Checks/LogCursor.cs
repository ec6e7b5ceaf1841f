using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Protocol.Batches;
using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>What two replicas must agree on about one batch, and where it ends.</summary>
public readonly record struct CommittedBatch(long Base, long Next, int Epoch, uint Crc, int Bytes);

/// <summary>
/// Walks the batches of one log on one simulated disk, from its first segment on, and goes on later where it stopped: what the
/// disk holds, not what the node believes.
/// </summary>
/// <remarks>
/// Inputs   TryPeek, Take, Restart
/// Effects  none
///
/// The rule a reader would get wrong: where a file was cut, or is gone, the log is walked from its beginning again, since what
/// was passed already may be another batch now, in a segment of another name. And of what is durable a batch that begins too
/// early is none: power failed in the middle of its first offset, which no checksum covers, and recovery cuts it.
/// </remarks>
public sealed class LogCursor(SimulatedDisk disk, string directory)
{
    private readonly string _prefix = directory + "/";
    private string? _path;
    private long _base = -1;
    private readonly SortedDictionary<long, (SimulatedFile File, int Cuts)> _passed = [];
    private int _position;
    private SimulatedFile? _file;
    private int _cuts;

    /// <summary>The offset behind the last batch taken; -1 before the first.</summary>
    public long Next { get; private set; } = -1;

    /// <summary>From the beginning again.</summary>
    public void Restart()
    {
        _path = null;
        _base = -1;
        Next = -1;
        _passed.Clear();
    }

    /// <summary>The next batch that is written, or that is durable; false where there is none yet.</summary>
    public bool TryPeek(bool durable, out CommittedBatch found)
    {
        found = default;
        if (_path is null && IsAnyRewritten())
        {
            Restart();
        }

        while (_path is not null || TryNextSegment())
        {
            var file = disk.Find(_path!);
            if (file is null)
            {
                // Retention or a cut took the segment: on to the next that is there, or will be.
                _path = null;
                if (IsAnyRewritten())
                {
                    Restart();
                }

                continue;
            }

            // Another file of the same name: the replica moved away and came back.
            if (file != _file || file.Cuts != _cuts)
            {
                Restart();
                continue;
            }

            var bytes = durable ? file.Content[..(int)(file.Length - file.Unflushed)] : file.Staged;
            if (_position < bytes.Length
                && RecordBatches.TryRead(bytes[_position..], out var batch, out _)
                && batch.IsWhole
                && !(durable && batch.BaseOffset < Next))
            {
                found = new CommittedBatch(
                    batch.BaseOffset, batch.NextOffset, batch.PartitionLeaderEpoch, batch.Crc, batch.SizeInBytes);
                return true;
            }

            if (!TryNextSegment())
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Passes the batch that was peeked at.</summary>
    public void Take(in CommittedBatch batch)
    {
        _position += batch.Bytes;
        Next = batch.Next;
    }

    /// <summary>Behind a segment that is still there only the very next follows: what is between may become durable.</summary>
    private bool TryNextSegment()
    {
        var best = long.MaxValue;
        string? path = null;
        foreach (var (first, name) in Segments())
        {
            if (first > _base && first >= Next && first < best && (_path is null || first == Next))
            {
                best = first;
                path = name;
            }
        }

        if (path is null)
        {
            return false;
        }

        _path = path;
        _base = best;
        _position = 0;
        _file = disk.Find(path)!;
        _cuts = _file.Cuts;
        _passed[best] = (_file, _cuts);
        return true;
    }

    /// <summary>
    /// A segment before the place that was reached is new, or was cut since it was passed; one that was passed empty, too.
    /// </summary>
    private bool IsAnyRewritten()
    {
        foreach (var (first, name) in Segments())
        {
            if ((first < Next || first <= _base) && (!_passed.TryGetValue(first, out var passed)
                || disk.Find(name) is not { } file || file != passed.File || file.Cuts != passed.Cuts))
            {
                return true;
            }
        }

        return false;
    }

    private IEnumerable<(long First, string Name)> Segments()
    {
        foreach (var (name, _) in disk.Files)
        {
            if (name.StartsWith(_prefix, StringComparison.Ordinal)
                && name.EndsWith(".log", StringComparison.Ordinal)
                && long.TryParse(
                    name.AsSpan()[_prefix.Length..^4], NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            {
                yield return (first, name);
            }
        }
    }
}
