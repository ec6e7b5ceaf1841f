using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Loads one log at start (ON-DISK 4.2).</summary>
/// <remarks>
/// After a clean shutdown closed segments are believed, and only the end of the last one is looked at. After
/// anything else every
/// byte from the recovery point on is checked, the file is cut at the first that is wrong, and later segments go
/// away: what
/// was never flushed may be there in any part, and a hole must not be served. What is kept is flushed before it is
/// served.
/// Producers are replayed from the newest snapshot that is whole, wherever the recovery point lies.
/// </remarks>
internal sealed class LogOpening
{
    private readonly LogEnvironment _environment;
    private readonly DiskImage _image;
    private readonly PartitionLog _log;
    private readonly OpenHints _hints;
    private readonly StepClock _clock;
    private Offset _producersFrom;
    private bool _isCut;

    public LogOpening(
        LogEnvironment environment, DiskImage image, PartitionLog log, in OpenHints hints, StepClock clock)
    {
        _environment = environment;
        _image = image;
        _log = log;
        _hints = hints;
        _clock = clock;
    }

    public IEnumerator<Ticket> Run()
    {
        var files = _image.Within(_log.Directory);
        CleanUp(files);
        FindSegments(files);
        var epochs = AtomicFile.Read(
            _environment.Files, _image, $"{_log.Directory}/{LogFileNames.LeaderEpochs}");
        yield return epochs;
        if (Checkpoints.TryParseEpochs(epochs.Bytes.Span, out var entries))
        {
            _log.Epochs.Load(entries);
        }

        var producers = LoadProducers(files);
        while (producers.MoveNext())
        {
            yield return producers.Current;
        }

        for (var i = 0; i < _log.Segments.Count && !_isCut; i++)
        {
            var loading = LoadSegment(i);
            while (loading.MoveNext())
            {
                yield return loading.Current;
            }
        }

        var settling = MakeDurable();
        while (settling.MoveNext())
        {
            yield return settling.Current;
        }

        _log.Opened(_hints.LogStartOffset, entries);
    }

    private static bool Ends(DiskEntry file, string ending) => file.Path.EndsWith(ending, StringComparison.Ordinal);

    private void CleanUp(List<DiskEntry> files)
    {
        foreach (var file in files)
        {
            if (Ends(file, LogFileNames.Deleted)
                || Ends(file, LogFileNames.Cleaned)
                || Ends(file, LogFileNames.Temporary))
            {
                _environment.Effects.Reached(ProbePoint.InterruptedReplacement);
                _environment.Files.Delete(file.Path);
            }
            else if (Ends(file, LogFileNames.Index) || Ends(file, LogFileNames.TimeIndex))
            {
                var stem = file.Path[..file.Path.LastIndexOf('.')];
                if (_image.LengthOf(stem + LogFileNames.Log) < 0)
                {
                    _environment.Files.Delete(file.Path);
                }
            }
        }
    }

    private void FindSegments(List<DiskEntry> files)
    {
        foreach (var file in files)
        {
            if (LogFileNames.TryParse(file.Path, LogFileNames.Log, out var offset))
            {
                _log.Segments.Add(offset, file.Length, _clock.Now.WallMs);
            }
        }

        if (_log.Segments.Count == 0)
        {
            _log.Segments.Add(_hints.LogStartOffset, _clock.Now.WallMs);
        }
    }

    /// <summary>
    /// The newest whole snapshot; snapshots that are damaged, or of nothing that is there, are removed.
    /// </summary>
    private IEnumerator<Ticket> LoadProducers(List<DiskEntry> files)
    {
        _producersFrom = _log.Segments.First.BaseOffset;
        for (var i = files.Count - 1; i >= 0; i--)
        {
            if (!LogFileNames.TryParse(files[i].Path, LogFileNames.Snapshot, out var offset))
            {
                continue;
            }

            var read = AtomicFile.Read(_environment.Files, _image, files[i].Path);
            yield return read;
            if (ProducerSnapshot.TryRead(read.Bytes.Span, _log.Producers))
            {
                _producersFrom = offset;
                yield break;
            }

            _environment.Effects.Reached(ProbePoint.ProducerSnapshotDamaged);
            _environment.Effects.Add(new Note(NoteKind.FileDamaged, files[i].Path, 0, 0));
            _environment.Files.Delete(files[i].Path);
        }
    }

    private IEnumerator<Ticket> LoadSegment(int index)
    {
        var segment = _log.Segments[index];
        var isLast = index == _log.Segments.Count - 1;
        var next = isLast ? Offset.None : _log.Segments[index + 1].BaseOffset;
        var isBelieved = _hints.WasCleanShutdown || (!isLast && next <= _hints.RecoveryPoint);
        if (isBelieved && !isLast && next <= _producersFrom)
        {
            segment.TrustEnd(next);
            var times = LoadLastTimestamp(segment);
            while (times.MoveNext())
            {
                yield return times.Current;
            }

            yield break;
        }

        var last = segment.BaseOffset + -1;
        var scan = new SegmentScan(_environment.Files, segment.File, 0, segment.Size);
        var routine = scan.Run((in RecordBatchView batch, long position) =>
        {
            if (batch.BaseOffset <= last.Value || batch.LastOffset < batch.BaseOffset || !batch.IsValidCrc)
            {
                return false;
            }

            last = new Offset(batch.LastOffset);
            segment.Added(batch, (int)position, _log.Config.IndexIntervalBytes);
            if (batch.BaseOffset >= _producersFrom.Value)
            {
                _log.Producers.Appended(batch);
            }

            _log.Epochs.Assign(new LeaderEpoch(batch.PartitionLeaderEpoch), new Offset(batch.BaseOffset));
            return true;
        });
        while (routine.MoveNext())
        {
            yield return routine.Current;
        }

        if (scan.ValidEnd < segment.Size)
        {
            CutAt(index, scan.ValidEnd);
        }
    }

    /// <summary>
    /// The last entry of a closed segment's time index is its largest timestamp, which retention needs.
    /// </summary>
    private IEnumerator<Ticket> LoadLastTimestamp(Segment segment)
    {
        var path = LogFileNames.Of(_log.Directory, segment.BaseOffset, LogFileNames.TimeIndex);
        var read = AtomicFile.Read(_environment.Files, _image, path);
        yield return read;
        var times = new TimeIndex();
        if (times.TryRead(read.Bytes.Span) && times.Count > 0)
        {
            var (timestamp, delta) = times[times.Count - 1];
            segment.TrustTimestamp(timestamp, segment.BaseOffset + delta);
        }
    }

    private void CutAt(int index, long validEnd)
    {
        _isCut = true;
        var segment = _log.Segments[index];
        var cut = segment.Size - validEnd;
        _environment.Effects.Reached(ProbePoint.RecoveryTruncatedTail);
        _environment.Effects.Add(new Note(NoteKind.TailTruncated, _log.Directory, cut, segment.NextOffset.Value));
        _environment.Files.Truncate(segment.File, validEnd);
        while (_log.Segments.Count > index + 1)
        {
            _environment.Effects.Reached(ProbePoint.RecoveryDeletedSegment);
            _log.Segments.Drop(_log.Segments.Active);
        }
    }

    private IEnumerator<Ticket> MakeDurable()
    {
        for (var i = 0; i < _log.Segments.Count; i++)
        {
            var segment = _log.Segments[i];
            var mustFlush = i == _log.Segments.Count - 1 || segment.HasIndexes;
            if (mustFlush && segment.Size > 0)
            {
                yield return _environment.Files.FlushAndWait(segment.File);
            }
        }

        if (_image.LengthOf($"{_log.Directory}/{LogFileNames.PartitionMetadata}") < 0)
        {
            var metadata = PartitionMetadata.Write(_environment.Files, _log.Directory, _log.TopicId);
            while (metadata.MoveNext())
            {
                yield return metadata.Current;
            }
        }
    }
}
