using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>The segments of one log, oldest first, never none; and the files that belong to each.</summary>
/// <remarks>
/// Index files are written when a segment is closed and are never believed after a crash: they can always be made
/// from the
/// log again. A deleted segment's files are renamed first and removed after a while, so that readers who were
/// answered with a range of them can finish.
/// </remarks>
internal sealed class SegmentList : ITimed
{
    private readonly LogEnvironment _environment;
    private readonly string _directory;
    private readonly List<Segment> _segments = [];
    private readonly Dictionary<long, string> _leaving = [];
    private readonly Dictionary<Segment, OpenFile[]> _indexFiles = [];
    private long _nextToken;

    public SegmentList(LogEnvironment environment, string directory)
    {
        _environment = environment;
        _directory = directory;
    }

    /// <summary>Told of every byte written or flushed.</summary>
    public IFileOwner? Owner { get; set; }

    public int Count => _segments.Count;

    public Segment this[int index] => _segments[index];

    public Segment First => _segments[0];

    public Segment Active => _segments[^1];

    public long SizeInBytes
    {
        get
        {
            var size = 0L;
            foreach (var segment in _segments)
            {
                size += segment.Size;
            }

            return size;
        }
    }

    /// <summary>A new, empty segment at the end.</summary>
    public Segment Add(Offset baseOffset, long nowMs) => Add(baseOffset, 0, nowMs);

    /// <summary>A segment found at start, or a new one of length 0.</summary>
    public Segment Add(Offset baseOffset, long length, long nowMs)
    {
        Invariant.Check(_segments.Count == 0 || Active.BaseOffset < baseOffset);
        var path = LogFileNames.Of(_directory, baseOffset, LogFileNames.Log);
        var segment = new Segment(baseOffset, _environment.Files.Open(path, length, Owner), nowMs);
        _segments.Add(segment);
        return segment;
    }

    /// <summary>Index of the segment that holds this offset, or would.</summary>
    public int Find(Offset offset)
    {
        var low = 0;
        var high = _segments.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) >>> 1;
            if (_segments[middle].BaseOffset <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>Writes both index files whole; what was in them is replaced.</summary>
    public void WriteIndexes(Segment segment)
    {
        if (!segment.HasIndexes)
        {
            return;
        }

        // Kafka closes a segment with the largest timestamp as the last entry of its time index.
        segment.Times.AddIfLater(segment.MaxTimestampMs, (int)(segment.OffsetOfMaxTimestamp - segment.BaseOffset));
        var offsets = _environment.Effects.Take(segment.Index.Count * OffsetIndex.EntryBytes);
        segment.Index.Write(offsets.Span);
        var times = _environment.Effects.Take(segment.Times.Count * TimeIndex.EntryBytes);
        segment.Times.Write(times.Span);
        var files = IndexFilesOf(segment);
        Replace(files[0], offsets);
        Replace(files[1], times);
    }

    /// <summary>The files of a segment that must be flushed for a clean end.</summary>
    public IEnumerable<OpenFile> FilesOf(Segment segment)
    {
        yield return segment.File;
        if (_indexFiles.TryGetValue(segment, out var files))
        {
            foreach (var file in files)
            {
                yield return file;
            }
        }
    }

    /// <summary>Deletes the segments that end at or below this offset; the active one stays.</summary>
    public void DeleteBelow(Offset start, long delayMs, in Now now)
    {
        var bytes = 0L;
        while (_segments.Count > 1 && _segments[0].NextOffset <= start)
        {
            var segment = _segments[0];
            bytes += segment.Size;
            _segments.RemoveAt(0);
            Leave(segment, delayMs, now);
        }

        if (bytes > 0)
        {
            _environment.Effects.Add(new Note(NoteKind.SegmentsDeleted, _directory, start.Value, bytes));
        }
    }

    /// <summary>Takes a segment out at start, before anybody reads it, and removes its files.</summary>
    public void Drop(Segment segment)
    {
        _segments.Remove(segment);
        Forget(segment);
        foreach (var ending in new[] { LogFileNames.Log, LogFileNames.Index, LogFileNames.TimeIndex })
        {
            _environment.Files.Delete(LogFileNames.Of(_directory, segment.BaseOffset, ending));
        }
    }

    public void ForgetAll()
    {
        foreach (var segment in _segments)
        {
            Forget(segment);
        }
    }

    public void TimerFired(in Now now, long token)
    {
        if (_leaving.Remove(token, out var path))
        {
            _environment.Files.Delete(path);
        }
    }

    private OpenFile[] IndexFilesOf(Segment segment)
    {
        if (!_indexFiles.TryGetValue(segment, out var files))
        {
            files =
            [
                _environment.Files.Open(LogFileNames.Of(_directory, segment.BaseOffset, LogFileNames.Index), 0),
                _environment.Files.Open(LogFileNames.Of(_directory, segment.BaseOffset, LogFileNames.TimeIndex), 0),
            ];
            _indexFiles.Add(segment, files);
        }

        return files;
    }

    /// <summary>
    /// The file may hold older entries, of this life or another: cut first, whatever its length is.
    /// </summary>
    private void Replace(OpenFile file, System.ReadOnlyMemory<byte> content)
    {
        _environment.Files.Truncate(file, 0);
        _environment.Files.Append(file, content);
    }

    private void Leave(Segment segment, long delayMs, in Now now)
    {
        Forget(segment);
        foreach (var ending in new[] { LogFileNames.Log, LogFileNames.Index, LogFileNames.TimeIndex })
        {
            var path = LogFileNames.Of(_directory, segment.BaseOffset, ending);
            _environment.Files.Rename(path, path + LogFileNames.Deleted);
            var token = _nextToken++;
            _leaving.Add(token, path + LogFileNames.Deleted);
            _environment.Timers.Set(now.Instant + Duration.FromMilliseconds(delayMs), this, token);
        }
    }

    private void Forget(Segment segment)
    {
        foreach (var file in FilesOf(segment))
        {
            _environment.Files.Forget(file);
        }

        _indexFiles.Remove(segment);
    }
}
