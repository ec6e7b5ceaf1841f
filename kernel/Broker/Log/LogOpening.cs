using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Fills a log from its directory: loads after a clean shutdown, recovers after anything else.</summary>
/// <remarks>
/// Effects  Read of nearly everything; Delete, Rename, Truncate, Append, Flush of what has to be put right
///
/// The steps are Kafka's, in Kafka's order: leftovers of replacements, segments, recovery, epochs, producers, log
/// start.
///
/// The rule a reader would get wrong: the recovery point of the checkpoint file can only make recovery read more, and tell
/// that something is missing. What may be trusted is decided by the newest producer snapshot, which was made durable after
/// the log below it (<see cref="RollSettling"/>) and is removed before a cut (<see cref="LogTruncation"/>, and here).
/// Leader epochs below that place stand only in their checkpoint file; a damaged one makes recovery begin at the
/// start.
/// </remarks>
internal sealed class LogOpening
{
    private readonly LogState _state;
    private readonly Now _now;
    private DiskImage _image;
    private OpenHints _hints;
    private LogListing _listing;
    private bool _areEpochsDamaged;
    private bool _isRecovered;
    private bool _isTailWhole = true;

    public LogOpening(LogState state, DiskImage image, in OpenHints hints, StepClock clock)
    {
        _state = state;
        _image = image;
        _hints = hints;
        _now = clock.Now;
        _listing = new LogListing(image, state.Directory);
    }

    private LogEnvironment Env => _state.Env;

    public IEnumerator<Ticket> Run()
    {
        foreach (var step in (IEnumerator<Ticket>[])[
            new SwapCompletion(_state, _listing).Run(),
            LoadIdentity(),
            LoadEpochs(),
            LoadSegments(),
            StartAtCheckpoint(),
            new ProducerReplay(_state, _now).Run(),
            Settle()])
        {
            while (step.MoveNext())
            {
                yield return step.Current;
            }

            if (_state.IsDamaged)
            {
                yield break;
            }
        }
    }

    private IEnumerator<Ticket> LoadIdentity()
    {
        var path = _state.PathOf(LogFileNames.PartitionMetadata);
        var read = AtomicFile.Read(Env.Files, _image, path);
        yield return read;
        if (PartitionMetadataFile.TryParse(read.Bytes.Span, out var topicId))
        {
            if (_state.TopicId.IsZero || topicId == _state.TopicId)
            {
                _state.TopicId = topicId;
                yield break;
            }

            // Left by a topic of this name that was deleted while this node was down, or whose deletion the crash undid.
            yield return Env.Files.Rename(
                _state.Directory, LogFileNames.Aside(_state.Directory, LogFileNames.Stray, Env.Prng));
            BeginAnew(DiskImage.Empty);
            read = Ticket.Done();
        }
        else if (_listing.IsEmpty && _image.LengthOf(path) < 0 && _state.TopicId != Uuid.Metadata)
        {
            BeginAnew(_image);
        }

        if (read.Bytes.Length > 0)
        {
            Env.Effects.Add(new Note(NoteKind.FileDamaged, path, 0, 0));
        }

        var write = AtomicFile.Write(Env.Files, path, PartitionMetadataFile.ToBytes(_state.TopicId));
        while (!_state.TopicId.IsZero && write.MoveNext())
        {
            yield return write.Current;
        }
    }

    /// <summary>Nothing of this log is here; what checkpoints say is of an earlier one of its name.</summary>
    private void BeginAnew(DiskImage image)
    {
        _image = image;
        _listing = new LogListing(image, _state.Directory);
        _hints = _hints with { RecoveryPoint = Offset.Zero, LogStartOffset = Offset.Zero };
    }

    private IEnumerator<Ticket> LoadEpochs()
    {
        var path = _state.PathOf(LogFileNames.LeaderEpochs);
        var read = AtomicFile.Read(Env.Files, _image, path);
        yield return read;
        if (_image.LengthOf(path) >= 0 && !_state.Epochs.TryLoad(read.Bytes.Span))
        {
            _areEpochsDamaged = true;
            Env.Effects.Add(new Note(NoteKind.FileDamaged, path, 0, 0));
        }
    }

    // Segments

    private IEnumerator<Ticket> LoadSegments()
    {
        AddSegments();
        if (IsHeadMissing())
        {
            var first = FirstWithoutSegments;
            var remove = RemoveAll();
            while (remove.MoveNext())
            {
                yield return remove.Current;
            }

            _state.Segments.Add(_state.NewSegment(first, _now));
        }

        var firstUntrusted = FirstUntrusted();
        for (var i = 0; i < firstUntrusted; i++)
        {
            var load = LoadTrusted(_state.Segments[i], i == _state.Segments.Count - 1);
            while (load.MoveNext())
            {
                yield return load.Current;
            }
        }

        if (_state.Segments.Active is { } last && firstUntrusted == _state.Segments.Count && !_isTailWhole)
        {
            // The marker lied, or the disk did.
            firstUntrusted = _state.Segments.IndexHolding(last.Base);
        }

        if (firstUntrusted < _state.Segments.Count)
        {
            _isRecovered = true;
            var recover = new LogRecovery(_state, _hints.MustBeWhole ? ProvenBySnapshots : Offset.Zero).Run(firstUntrusted);
            while (recover.MoveNext())
            {
                yield return recover.Current;
            }
        }
    }

    private void AddSegments()
    {
        foreach (var (offset, found) in _listing.Segments)
        {
            if (_state.Segments.Count > 0)
            {
                _state.Segments.Active.NextOffset = offset;
            }

            var segment = new Segment(Env, _state.Directory, _state.Progress, offset, found.Log)
            {
                OffsetFileLength = Math.Max(0, found.OffsetIndex),
                TimeFileLength = Math.Max(0, found.TimeIndex),
                CreatedMs = _now.WallMs,
            };
            segment.Offsets.IsResident = false;
            segment.Times.IsResident = false;
            _state.Segments.Add(segment);
        }

        if (_state.Segments.Count == 0)
        {
            _state.Segments.Add(_state.NewSegment(FirstWithoutSegments, _now));
        }

        _state.Snapshots.AddRange(_listing.Snapshots);
    }

    /// <summary>
    /// Where a log begins whose segments are all gone: the last of them may have been deleted in good order, and the empty one
    /// behind them may have lost its name in the crash. A snapshot or a checkpoint then still says how far it had come, and
    /// offsets below must never be given a second time. A log that knows no epoch never had a record: the checkpoint means an
    /// earlier one of the same name, which was deleted or moved away.
    /// </summary>
    private Offset FirstWithoutSegments => Offset.Max(
        _state.Epochs.Count == 0 && _state.TopicId != Uuid.Metadata ? Offset.Zero : ProvenByCheckpoints,
        _listing.Snapshots.Count == 0 ? Offset.Zero : _listing.Snapshots[^1]);

    private Offset ProvenByCheckpoints => Offset.Max(_hints.RecoveryPoint, _hints.LogStartOffset);

    private Offset ProvenBySnapshots => _state.Snapshots.Count == 0 ? Offset.Zero : _state.Snapshots[^1];

    /// <summary>
    /// The first segments were never flushed, and a later one came through the crash alone. Where the head was
    /// deleted in
    /// good order instead, a snapshot remembers it.
    /// </summary>
    private bool IsHeadMissing() => !_hints.WasCleanShutdown
        && _state.Segments[0].Base > Offset.Max(ProvenByCheckpoints, ProvenBySnapshots);

    /// <summary>Everything from this segment on is read and checked, byte by byte.</summary>
    private int FirstUntrusted()
    {
        if (_areEpochsDamaged)
        {
            _state.Epochs.Clear();
            return 0;
        }

        if (_hints.WasCleanShutdown)
        {
            return _state.Segments.Count;
        }

        return _state.Segments.IndexHolding(Offset.Min(ProvenBySnapshots, _hints.RecoveryPoint));
    }

    private IEnumerator<Ticket> LoadTrusted(Segment segment, bool isLast)
    {
        var step = isLast || segment.TimeFileLength < TimeIndex.EntryBytes
            ? IndexFiles.Load(Env, segment)
            : LoadLastTime(segment);
        while (step.MoveNext())
        {
            yield return step.Current;
        }

        if (segment.Times is { IsResident: true, Count: > 0 } times)
        {
            segment.MaxTimestampMs = times[times.Count - 1].TimestampMs;
            segment.DeltaOfMaxTimestamp = times[times.Count - 1].LastDelta;
        }

        if (isLast)
        {
            var tail = LoadTail(segment);
            while (tail.MoveNext())
            {
                yield return tail.Current;
            }
        }
        else
        {
            _state.Segments.EvictIndexes();
        }
    }

    private IEnumerator<Ticket> LoadLastTime(Segment segment)
    {
        var at = segment.TimeFileLength - (segment.TimeFileLength % TimeIndex.EntryBytes) - TimeIndex.EntryBytes;
        var read = Env.Files.Read(segment.TimeFile, at, TimeIndex.EntryBytes);
        yield return read;
        if (read.Bytes.Length == TimeIndex.EntryBytes)
        {
            var entry = TimeIndex.ReadEntry(read.Bytes.Span);
            segment.MaxTimestampMs = entry.TimestampMs;
            segment.DeltaOfMaxTimestamp = entry.LastDelta;
        }
    }

    /// <summary>
    /// Counts the batches behind the last index entry, and looks at the first one for its timestamp.
    /// </summary>
    private IEnumerator<Ticket> LoadTail(Segment segment)
    {
        if (segment.Size == 0)
        {
            yield break;
        }

        var head = Env.Files.Read(segment.Log, 0, RecordBatchLayout.HeaderBytes);
        yield return head;
        if (RecordBatches.TryReadHeader(head.Bytes.Span, out var first, out _))
        {
            segment.FirstTimestampMs = first.MaxTimestamp;
        }

        var start = segment.BeginRecount();
        var scan = new LogScan(
            Env.Files, segment.Log, new ScanRange(start, segment.Size, false, IndexFiles.RebuildChunkBytes));
        var walk = scan.Run(new TailCounter(_state, segment));
        while (walk.MoveNext())
        {
            yield return walk.Current;
        }

        _isTailWhole = scan.Error == BatchError.None && scan.Position == segment.Size;
    }

    // The rest

    /// <summary>DeleteRecords may have moved the start behind everything that is left.</summary>
    private IEnumerator<Ticket> StartAtCheckpoint()
    {
        var start = Offset.Max(_hints.LogStartOffset, _state.Segments[0].Base);
        if (start > _state.EndOffset)
        {
            var first = FirstWithoutSegments;
            var remove = RemoveAll();
            while (remove.MoveNext())
            {
                yield return remove.Current;
            }

            _state.Segments.Add(_state.NewSegment(start, _now));
        }

        _state.LogStart = start;
        var cleanSnapshots = SegmentFiles.RemoveSnapshotsBehind(_state, _state.EndOffset);
        while (cleanSnapshots.MoveNext())
        {
            yield return cleanSnapshots.Current;
        }
    }

    private IEnumerator<Ticket> RemoveAll()
    {
        Env.Effects.Reached(ProbePoint.RecoveryDeletedSegment);
        foreach (var step in (IEnumerator<Ticket>[])[
            SegmentFiles.RemoveSnapshotsBehind(_state, Offset.None),
            SegmentFiles.RemoveNewest(_state, keep: 0)])
        {
            while (step.MoveNext())
            {
                yield return step.Current;
            }
        }
    }

    /// <summary>What is kept becomes durable before anybody is told that it is.</summary>
    private IEnumerator<Ticket> Settle()
    {
        var isEndCut = _state.Epochs.TruncateEnd(_state.EndOffset);
        var isStartCut = _state.Epochs.TruncateStart(_state.LogStart);
        if (isEndCut || isStartCut || _isRecovered)
        {
            _state.SaveEpochs(_state.LogStart);
        }

        var settle = _state.EpochFile.Settle();
        while (settle.MoveNext())
        {
            yield return settle.Current;
        }

        foreach (var offset in StraySnapshots())
        {
            yield return Env.Files.Delete(_state.SnapshotPath(offset));
            _state.Snapshots.Remove(offset);
        }

        _state.FoundEnd = _state.EndOffset;
        _state.Progress.Reset(_state.EndOffset);
        Compare();
    }

    /// <summary>
    /// What is lost below the recovery point no crash has taken: it was flushed, and counted on. A recovery point is never above
    /// what is flushed, and is lowered before a cut (<see cref="PartitionLog.AboutToCut"/>).
    /// </summary>
    private void Compare()
    {
        if (_state.EndOffset < _hints.RecoveryPoint)
        {
            _state.IsDamaged = true;
            Env.Effects.Reached(ProbePoint.FlushedLogDamaged);
            Env.Effects.Add(new Note(
                NoteKind.Warning,
                $"{_state.Name} is damaged: it ends at {_state.EndOffset} and had been flushed up to {_hints.RecoveryPoint}",
                _state.EndOffset.Value,
                _hints.RecoveryPoint.Value));
        }
    }

    /// <summary>One snapshot for each segment is kept, and the newest.</summary>
    private List<Offset> StraySnapshots()
    {
        var stray = new List<Offset>();
        for (var i = 0; i < _state.Snapshots.Count - 1; i++)
        {
            var offset = _state.Snapshots[i];
            if (_state.Segments[_state.Segments.IndexHolding(offset)].Base != offset)
            {
                stray.Add(offset);
            }
        }

        return stray;
    }

    private sealed class TailCounter(LogState state, Segment segment) : IBatchVisitor
    {
        public bool Visit(in RecordBatchView batch, long position)
        {
            segment.Count(batch, position, state.Config.IndexIntervalBytes);
            state.Recent.Add(new BatchPlace(
                new Offset(batch.BaseOffset), new Offset(batch.LastOffset), position, batch.SizeInBytes));
            return true;
        }
    }
}
