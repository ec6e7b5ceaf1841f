using System;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>
/// One segment of a log: a file of record batches and the two indexes that say where in it an offset or a time
/// stands.
/// </summary>
/// <remarks>
/// Effects  Append to the three files, Truncate of them
///
/// Only the last segment of a log is appended to. The files come into being with the first bytes; a number is taken
/// for
/// one when it is first used, so that a log of a thousand segments does not open three thousand files at start.
/// </remarks>
internal sealed class Segment
{
    /// <summary>
    /// Unsaved index entries are written once they take so many bytes, and when the segment is sealed.
    /// </summary>
    private const int IndexWriteBytes = 4096;

    private readonly LogEnvironment _env;
    private readonly string _directory;
    private readonly IFileOwner _owner;
    private OpenFile? _log;
    private OpenFile? _offsetFile;
    private OpenFile? _timeFile;
    private int _bytesSinceEntry;

    public Segment(LogEnvironment env, string directory, IFileOwner owner, Offset baseOffset, long size)
    {
        _env = env;
        _directory = directory;
        _owner = owner;
        Base = baseOffset;
        Size = size;
        NextOffset = baseOffset;
    }

    public Offset Base { get; }

    /// <summary>Bytes of batches.</summary>
    public long Size { get; private set; }

    /// <summary>
    /// The offset behind the last batch. Of a sealed segment found at start it is the next one's base offset.
    /// </summary>
    public Offset NextOffset { get; set; }

    public OffsetIndex Offsets { get; } = new();

    public TimeIndex Times { get; } = new();

    /// <summary>Bytes of the index files as found at start.</summary>
    public long OffsetFileLength { get; init; }

    public long TimeFileLength { get; init; }

    /// <summary>The largest timestamp of a batch, -1 where there is none.</summary>
    public long MaxTimestampMs { get; set; } = RecordBatchLayout.NoTimestamp;

    /// <summary>The last offset of the first batch with that timestamp, relative to the base.</summary>
    public int DeltaOfMaxTimestamp { get; set; }

    /// <summary>The timestamp from which segment.ms counts: of the first batch, -1 where it has none.</summary>
    public long FirstTimestampMs { get; set; } = RecordBatchLayout.NoTimestamp;

    /// <summary>When the segment began, for logs without timestamps.</summary>
    public long CreatedMs { get; init; }

    /// <summary>When its indexes were last asked, in look-ups of its log.</summary>
    public long LastLookup { get; set; }

    public OpenFile Log => _log ??= _env.Files.Open(PathOf(LogFileNames.Log), Size, _owner);

    /// <summary>The log file was cut since the start: a flush is needed even where nothing is left in it.</summary>
    public bool IsCut { get; private set; }

    public bool IsResident => Offsets.IsResident && Times.IsResident;

    public string PathOf(string ending) => LogFileNames.Of(_directory, Base, ending);

    /// <summary>A full index makes its segment roll; one entry is kept for the end.</summary>
    public bool HasFullIndex(int maxIndexBytes) =>
        (Offsets.Count + 1) * OffsetIndex.EntryBytes > maxIndexBytes
        || (Times.Count + 2) * TimeIndex.EntryBytes > maxIndexBytes;

    /// <summary>
    /// Appends bytes that hold the batches which <see cref="Count"/> is told of next; returns their position.
    /// </summary>
    public long Append(ReadOnlyMemory<byte> bytes)
    {
        var position = _env.Files.Append(Log, bytes);
        Invariant.Check(position == Size);
        Size += bytes.Length;
        return position;
    }

    /// <summary>One more batch stands in the file: indexes and largest timestamp learn of it.</summary>
    public void Count(in RecordBatchView batch, long position, int indexIntervalBytes)
    {
        var lastDelta = (int)(batch.LastOffset - Base.Value);
        if (position == 0)
        {
            FirstTimestampMs = batch.MaxTimestamp;
        }

        if (batch.MaxTimestamp > MaxTimestampMs)
        {
            MaxTimestampMs = batch.MaxTimestamp;
            DeltaOfMaxTimestamp = lastDelta;
        }

        if (_bytesSinceEntry > indexIntervalBytes)
        {
            var baseDelta = (int)(batch.BaseOffset - Base.Value);
            Offsets.Add(new IndexEntry(lastDelta, (int)position, baseDelta, batch.SizeInBytes));
            Times.Add(MaxTimestampMs, DeltaOfMaxTimestamp);
            _bytesSinceEntry = 0;
        }

        _bytesSinceEntry += batch.SizeInBytes;
        NextOffset = new Offset(batch.NextOffset);
    }

    /// <summary>The batches from the last index entry on will be counted again; returns where that is.</summary>
    public long BeginRecount()
    {
        _bytesSinceEntry = 0;
        return Offsets.Count == 0 ? 0 : Offsets[Offsets.Count - 1].Position;
    }

    /// <summary>
    /// Writes index entries that the files lack, if there are enough of them or all shall be there.
    /// </summary>
    public void SaveIndexes(bool all)
    {
        if (!IsResident)
        {
            return;
        }

        if (all)
        {
            Times.Add(MaxTimestampMs, DeltaOfMaxTimestamp);
        }

        // Both or neither, and be it as an empty file: Kafka takes a time index without its offset index for damage.
        var offsetBytes = (Offsets.Count - Offsets.Saved) * OffsetIndex.EntryBytes;
        var timeBytes = (Times.Count - Times.Saved) * TimeIndex.EntryBytes;
        if (Math.Max(offsetBytes, timeBytes) < (all ? 1 : IndexWriteBytes))
        {
            return;
        }

        if (offsetBytes > 0 || OffsetFile.Length == 0)
        {
            var bytes = _env.Effects.Take(offsetBytes);
            Offsets.Write(bytes.Span, Offsets.Saved);
            _env.Files.Append(OffsetFile, bytes);
            Offsets.Saved = Offsets.Count;
        }

        if (timeBytes > 0)
        {
            var bytes = _env.Effects.Take(timeBytes);
            Times.Write(bytes.Span, Times.Saved);
            _env.Files.Append(TimeFile, bytes);
            Times.Saved = Times.Count;
        }
    }

    public OpenFile OffsetFile =>
        _offsetFile ??= _env.Files.Open(PathOf(LogFileNames.OffsetIndex), OffsetFileLength);

    public OpenFile TimeFile =>
        _timeFile ??= _env.Files.Open(PathOf(LogFileNames.TimeIndex), TimeFileLength);

    /// <summary>Begins the indexes anew: what their files say is not believed.</summary>
    public void ResetIndexes()
    {
        Offsets.Clear();
        Times.Clear();
        Offsets.IsResident = true;
        Times.IsResident = true;
        MaxTimestampMs = RecordBatchLayout.NoTimestamp;
        FirstTimestampMs = RecordBatchLayout.NoTimestamp;
        DeltaOfMaxTimestamp = 0;
        NextOffset = Base;
        _bytesSinceEntry = 0;
        CutIndexFiles(0, 0);
    }

    /// <summary>The file has fewer bytes than was believed; nothing of it has been counted yet.</summary>
    public void CutTo(long size)
    {
        Invariant.Check(size <= Size);
        if (size < Size)
        {
            _env.Files.Truncate(Log, size);
            Size = size;
            IsCut = true;
        }
    }

    /// <summary>Cuts the index files to entries that are there; what lies behind is no entry.</summary>
    public void CutIndexFiles(int offsets, int times)
    {
        Offsets.Saved = offsets;
        Times.Saved = times;
        if (OffsetFile.Length > (long)offsets * OffsetIndex.EntryBytes)
        {
            _env.Files.Truncate(OffsetFile, (long)offsets * OffsetIndex.EntryBytes);
        }

        if (TimeFile.Length > (long)times * TimeIndex.EntryBytes)
        {
            _env.Files.Truncate(TimeFile, (long)times * TimeIndex.EntryBytes);
        }
    }

    /// <summary>Lets go of the files' numbers.</summary>
    public void Forget()
    {
        ForgetOne(ref _log);
        ForgetOne(ref _offsetFile);
        ForgetOne(ref _timeFile);
    }

    private void ForgetOne(ref OpenFile? file)
    {
        if (file is not null)
        {
            _env.Files.Forget(file);
            file = null;
        }
    }
}
