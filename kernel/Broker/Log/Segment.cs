using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>One segment: a log file, and what its indexes know of it.</summary>
internal sealed class Segment
{
    private int _bytesSinceEntry;

    public Segment(Offset baseOffset, OpenFile file, long createdAtMs)
    {
        BaseOffset = baseOffset;
        NextOffset = baseOffset;
        File = file;
        CreatedAtMs = createdAtMs;
    }

    public Offset BaseOffset { get; }

    /// <summary>The offset after the last record in it.</summary>
    public Offset NextOffset { get; private set; }

    public OpenFile File { get; }

    public long Size => File.Length;

    public OffsetIndex Index { get; } = new();

    public TimeIndex Times { get; } = new();

    /// <summary>
    /// False until the index files of a segment found at start were read, or the segment was scanned.
    /// </summary>
    public bool HasIndexes { get; set; } = true;

    /// <summary>-1 where no record has a timestamp.</summary>
    public long MaxTimestampMs { get; private set; } = -1;

    public Offset OffsetOfMaxTimestamp { get; private set; } = Offset.None;

    /// <summary>Timestamp of the first batch, by which the segment's age is told; -1 until there is one.</summary>
    public long FirstTimestampMs { get; private set; } = -1;

    /// <summary>Wall clock of its creation, for segments whose records have no timestamps.</summary>
    public long CreatedAtMs { get; }

    public bool IsEmpty => File.Length == 0;

    /// <summary>A batch now stands at this position, which is where the file ended before it.</summary>
    public void Added(in RecordBatchView batch, int position, int indexIntervalBytes)
    {
        var first = (int)(batch.BaseOffset - BaseOffset.Value);
        var last = (int)(batch.LastOffset - BaseOffset.Value);
        if (batch.MaxTimestamp > MaxTimestampMs)
        {
            MaxTimestampMs = batch.MaxTimestamp;
            OffsetOfMaxTimestamp = new Offset(batch.LastOffset);
        }

        if (FirstTimestampMs < 0)
        {
            FirstTimestampMs = batch.MaxTimestamp;
        }

        // Before this batch is counted: an entry then stands for a batch that has at least so much in front of it.
        if (_bytesSinceEntry > indexIntervalBytes)
        {
            Index.Add(first, last, position);
            Times.AddIfLater(MaxTimestampMs, (int)(OffsetOfMaxTimestamp - BaseOffset));
            _bytesSinceEntry = 0;
        }

        _bytesSinceEntry += batch.SizeInBytes;
        NextOffset = new Offset(batch.NextOffset);
    }

    /// <summary>The segment was closed with this end; its indexes are read when somebody needs them.</summary>
    public void TrustEnd(Offset next)
    {
        NextOffset = next;
        HasIndexes = false;
    }

    /// <summary>The time index said so.</summary>
    public void TrustTimestamp(long maxTimestampMs, Offset offset)
    {
        if (maxTimestampMs > MaxTimestampMs)
        {
            MaxTimestampMs = maxTimestampMs;
            OffsetOfMaxTimestamp = offset;
        }
    }

    /// <summary>Forgets what the batches said, before they are scanned again.</summary>
    public void Reset()
    {
        Index.Clear();
        Times.Clear();
        NextOffset = BaseOffset;
        MaxTimestampMs = -1;
        OffsetOfMaxTimestamp = Offset.None;
        FirstTimestampMs = -1;
        _bytesSinceEntry = 0;
        HasIndexes = true;
    }

    /// <summary>True where a batch of this size must go into a new segment (ON-DISK 4.1).</summary>
    public bool MustRollFor(int bytes, long maxTimestampMs, Offset last, LogConfig config, long nowMs)
    {
        if (IsEmpty)
        {
            return false;
        }

        var hasTimestamps = FirstTimestampMs >= 0 && maxTimestampMs >= 0;
        var age = hasTimestamps ? maxTimestampMs - FirstTimestampMs : nowMs - CreatedAtMs;
        return Size + bytes > config.SegmentBytes
            || age > config.SegmentMs - config.SegmentJitterMs
            || (long)(Index.Count + 1) * OffsetIndex.EntryBytes > config.SegmentIndexBytes
            || last - BaseOffset > int.MaxValue;
    }

    /// <summary>
    /// The largest known position at which a batch begins, or the segment ends, at or below this one; the segment's
    /// start where nothing better is known.
    /// </summary>
    public long BoundaryAtOrBelow(long position)
    {
        if (position >= Size)
        {
            return Size;
        }

        var entry = Index.AtOrBelowPosition(position);
        return entry < 0 ? 0 : Index[entry].Position;
    }

    /// <summary>Where a scan for this offset may begin: at a batch that is not behind it.</summary>
    public long ScanFrom(Offset offset)
    {
        var entry = Index.AtOrBelowOffset(offset - BaseOffset);
        return entry < 0 ? 0 : Index[entry].Position;
    }

    /// <summary>The position of the batch that begins with this offset, where memory knows it.</summary>
    public bool TryFindBatch(Offset offset, out long position)
    {
        position = 0;
        if (offset == BaseOffset)
        {
            return true;
        }

        if (!HasIndexes || !Index.TryFindBatch(offset - BaseOffset, out var at))
        {
            return false;
        }

        position = at;
        return true;
    }
}
