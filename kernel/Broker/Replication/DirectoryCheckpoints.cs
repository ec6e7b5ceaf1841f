using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>
/// The three checkpoint files of a log directory (recovery point, log start offset, high watermark): read once at
/// start,
/// written from time to time and at shutdown. At most one round of writing is under way.
/// </summary>
internal sealed class DirectoryCheckpoints
{
    private const string RecoveryPointFile = "recovery-point-offset-checkpoint";
    private const string LogStartFile = "log-start-offset-checkpoint";
    private const string HighWatermarkFile = "replication-offset-checkpoint";

    private readonly LogEnvironment _environment;
    private readonly PartitionTable _partitions;
    /// <summary>The most that the file may say of each, whatever becomes of a round that is under way.</summary>
    private readonly Dictionary<(string Topic, int Index), Offset> _recoveryPoints = [];
    private readonly Dictionary<(string Topic, int Index), Offset> _logStarts = [];
    private readonly Dictionary<(string Topic, int Index), Offset> _highWatermarks = [];
    private readonly List<Ticket> _waiting = [];
    private bool _isWriting;
    private long _begun;
    private long _ended;

    public DirectoryCheckpoints(LogEnvironment environment, PartitionTable partitions)
    {
        _environment = environment;
        _partitions = partitions;
    }

    public IEnumerator<Ticket> Read(DiskImage image)
    {
        foreach (var (name, into) in new[]
        {
            (RecoveryPointFile, _recoveryPoints), (LogStartFile, _logStarts), (HighWatermarkFile, _highWatermarks),
        })
        {
            var length = image.LengthOf(name);
            if (length < 0)
            {
                continue;
            }

            var file = _environment.Files.Open(name, length);
            var read = _environment.Files.Read(file, 0, (int)length);
            yield return read;
            _environment.Files.Forget(file);
            if (!Checkpoints.TryParse(read.Bytes.Span, out var entries))
            {
                // A broken file is as good as none: everything is recovered, and logs start at their first segment.
                _environment.Effects.Add(new Note(NoteKind.FileDamaged, name, length, 0));
                continue;
            }

            foreach (var entry in entries)
            {
                into[(entry.Topic, entry.Partition)] = entry.Offset;
            }
        }
    }

    public OpenHints HintsFor(HostedPartition hosted, bool isClean)
    {
        var key = (hosted.Topic, hosted.Index);
        return new OpenHints(
            isClean, _recoveryPoints.GetValueOrDefault(key), _logStarts.GetValueOrDefault(key), hosted.TopicId);
    }

    /// <summary>What was committed when it was last written down; zero where that is not known.</summary>
    public Offset HighWatermarkOf(HostedPartition hosted) => _highWatermarks.GetValueOrDefault((hosted.Topic, hosted.Index));

    /// <summary>
    /// Ends when everything that is true now is in durable files: a round under way may have begun too early to know it.
    /// </summary>
    public IEnumerator<Ticket> WriteNow()
    {
        // Whoever waits for the same round shares it; it goes on though one of them be abandoned.
        var needed = _begun + 1;
        while (_ended < needed)
        {
            if (!_isWriting)
            {
                Routine.Run(Write());
            }

            var turn = new Ticket();
            _waiting.Add(turn);
            yield return turn;
        }
    }

    /// <summary>
    /// Ends when no file says more of this partition's recovery point than is true now, which is nothing where it has no log yet.
    /// </summary>
    public IEnumerator<Ticket> Lower(Partition partition)
    {
        var stated = _recoveryPoints.GetValueOrDefault((partition.Topic, partition.Index));
        return stated > (partition.Log?.RecoveryPoint ?? Offset.Zero) ? WriteNow() : Nothing();
    }

    /// <summary>One round; none where one is under way.</summary>
    public IEnumerator<Ticket> Write()
    {
        if (_isWriting)
        {
            yield break;
        }

        _isWriting = true;
        _begun++;
        var recovery = new List<CheckpointEntry>();
        var starts = new List<CheckpointEntry>();
        var watermarks = new List<CheckpointEntry>();
        foreach (var partition in _partitions.All)
        {
            if (partition.Log is { } log)
            {
                var (key, point) = ((partition.Topic, partition.Index), log.RecoveryPoint);
                recovery.Add(new CheckpointEntry(partition.Topic, partition.Index, point));
                _recoveryPoints[key] = Offset.Max(point, _recoveryPoints.GetValueOrDefault(key));
                watermarks.Add(new CheckpointEntry(partition.Topic, partition.Index, partition.HighWatermark));
                if (log.LogStartOffset > Offset.Zero)
                {
                    starts.Add(new CheckpointEntry(partition.Topic, partition.Index, log.LogStartOffset));
                }
            }
        }

        foreach (var (name, entries) in new[]
        {
            (RecoveryPointFile, recovery), (LogStartFile, starts), (HighWatermarkFile, watermarks),
        })
        {
            var writing = Checkpoints.Write(_environment.Files, name, entries);
            while (writing.MoveNext())
            {
                yield return writing.Current;
            }
        }

        _recoveryPoints.Clear();
        foreach (var entry in recovery)
        {
            _recoveryPoints[(entry.Topic, entry.Partition)] = entry.Offset;
        }

        _isWriting = false;
        _ended = _begun;
        var waiting = _waiting.ToArray();
        _waiting.Clear();
        foreach (var turn in waiting)
        {
            turn.Complete();
        }
    }

    private static IEnumerator<Ticket> Nothing()
    {
        yield break;
    }
}
