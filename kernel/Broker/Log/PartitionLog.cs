using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>One partition's log, as Kafka's own files.</summary>
/// <remarks>
/// Inputs   Append, Flush, FileWritten, FileFlushed, AssignEpochStart, AdvanceLogStart, ApplyRetention, Close
/// Effects  those of files
///
/// Three ends, each at most the next: flushed, written, log end. Nothing between the flushed offset and the log end
/// may be
/// promised to anybody in flush mode. The flushed offset goes from segment to segment without a hole: a later
/// segment's flush
/// counts only when everything before it is flushed too.
/// </remarks>
public sealed class PartitionLog : IFileOwner
{
    private readonly LogEnvironment _environment;
    private readonly ILogListener? _listener;
    private readonly BatchValidation _validation;
    private readonly BatchRewriter _rewriter;
    private readonly Queue<(OpenFile File, long Position, Offset End)> _toWrite = new();
    private readonly Queue<(OpenFile File, long Position, Offset End)> _toFlush = new();
    private readonly EpochFile _epochFile;
    private Offset _flushAskedFor;

    internal PartitionLog(
        LogEnvironment environment, string directory, Uuid topicId, LogConfig config, ILogListener? listener)
    {
        _environment = environment;
        Directory = directory;
        TopicId = topicId;
        Config = config;
        _listener = listener;
        _validation = new BatchValidation(environment.Codec);
        _rewriter = new BatchRewriter(environment.Codec);
        Segments = new SegmentList(environment, directory) { Owner = this };
        _epochFile = new EpochFile(environment.Files, directory);
        Lookup = new LogLookup(this, environment);
    }

    public string Directory { get; }

    public Uuid TopicId { get; }

    /// <summary>May be changed at any time; what is written already stays as it is.</summary>
    public LogConfig Config { get; set; }

    public Offset LogStartOffset { get; internal set; }

    /// <summary>The next record's offset.</summary>
    public Offset LogEndOffset => Segments.Active.NextOffset;

    /// <summary>Everything below is in the page cache.</summary>
    public Offset WrittenOffset { get; private set; }

    /// <summary>Everything below survives the power failing.</summary>
    public Offset FlushedOffset { get; private set; }

    /// <summary>
    /// What recovery may begin at: flushed, and the leader epochs of what lies below are in their file as well.
    /// </summary>
    public Offset RecoveryPoint => Offset.Min(FlushedOffset, _epochFile.DurableBelow);

    public LeaderEpoch LatestEpoch => Epochs.Latest;

    public long SizeInBytes => Segments.SizeInBytes;

    internal SegmentList Segments { get; }

    internal LeaderEpochCache Epochs { get; } = new();

    internal ProducerStates Producers { get; } = new();

    internal LogLookup Lookup { get; }

    /// <summary>A log that has no files yet; it writes <c>partition.metadata</c> at once.</summary>
    public static PartitionLog Create(
        LogEnvironment environment,
        string directory,
        LogConfig config,
        ILogListener? listener,
        Uuid topicId,
        in Now now)
    {
        var log = new PartitionLog(environment, directory, topicId, config, listener);
        log.Segments.Add(Offset.Zero, now.WallMs);
        Routine.Run(PartitionMetadata.Write(environment.Files, directory, topicId));
        return log;
    }

    /// <summary>Loads what is on disk, recovering it where the last life did not end in good order.</summary>
    public static IEnumerator<Ticket> Open(
        LogEnvironment environment, DiskImage image, PartitionLog empty, OpenHints hints, StepClock clock) =>
        new LogOpening(environment, image, empty, hints, clock).Run();

    /// <summary>A log to be filled by <see cref="Open"/>.</summary>
    public static PartitionLog Unopened(
        LogEnvironment environment, string directory, LogConfig config, ILogListener? listener, Uuid topicId) =>
        new(environment, directory, topicId, config, listener);

    /// <summary>
    /// Appends the batches in <paramref name="records"/>: one from a client, any number from ourselves. Their bytes
    /// are
    /// changed in place, and must stay valid until the effects are cleared.
    /// </summary>
    public AppendOutcome Append(
        in Now now, Memory<byte> records, AppendOrigin origin, LeaderEpoch epoch, short produceVersion = short.MaxValue)
    {
        if (origin == AppendOrigin.Client)
        {
            return AppendFromClient(now, records, epoch, produceVersion);
        }

        var first = LogEndOffset;
        while (RecordBatches.TryRead(records.Span, out var batch, out _))
        {
            var size = batch.SizeInBytes;
            Place(now, records[..size], epoch);
            records = records[size..];
        }

        Invariant.Check(records.Length == 0);
        return new AppendOutcome { BaseOffset = first, LastOffset = LogEndOffset + -1, LogAppendTimeMs = -1 };
    }

    /// <summary>Asks for durability of everything appended so far.</summary>
    public void Flush()
    {
        if (_flushAskedFor == LogEndOffset && _toFlush.Count > 0)
        {
            return;
        }

        var active = Segments.Active;
        _flushAskedFor = LogEndOffset;
        _toFlush.Enqueue((active.File, active.Size, LogEndOffset));
        _environment.Files.Flush(active.File);
    }

    /// <summary>
    /// The range from the batch that holds <paramref name="from"/> on, below <paramref name="upTo"/> and about
    /// <paramref name="maxBytes"/> long; at least one whole batch where <paramref name="firstBatchWhole"/> says so.
    /// </summary>
    public ReadOutcome Read(Offset from, Offset upTo, int maxBytes, bool firstBatchWhole) =>
        Lookup.Read(from, upTo, maxBytes, firstBatchWhole);

    /// <summary>Finds the position <see cref="Read"/> did not know; read again when the routine has ended.</summary>
    public IEnumerator<Ticket> ReadCold(Offset from) => Lookup.Find(from);

    /// <summary>
    /// The first record whose timestamp is at least this one; -3 for the record with the largest of all.
    /// </summary>
    public IEnumerator<Ticket> OffsetForTimestamp(long timestampMs, Offset upTo, Action<TimestampAnswer> found) =>
        new TimestampSearch(_environment, this, timestampMs, upTo).Run(found);

    public (LeaderEpoch Epoch, Offset End) EndOffsetForEpoch(LeaderEpoch requested) =>
        Epochs.EndOffsetFor(requested, LogEndOffset);

    public LeaderEpoch EpochOf(Offset offset) => Epochs.EpochOf(offset);

    /// <summary>Shows every batch from this offset to the log's end, in order: how state machines load.</summary>
    public IEnumerator<Ticket> ReadAll(Offset from, BatchReplay replay) => Lookup.ReadAll(from, replay);

    /// <summary>A leader's epoch begins at the log's end.</summary>
    public void AssignEpochStart(LeaderEpoch epoch)
    {
        if (Epochs.Assign(epoch, LogEndOffset))
        {
            _epochFile.Write(Epochs.Entries);
        }
    }

    /// <summary>Moves the log start forward (DeleteRecords, KIP-107); segments wholly below it go away.</summary>
    public void AdvanceLogStart(Offset to, in Now now)
    {
        Invariant.Check(to <= LogEndOffset);
        if (to <= LogStartOffset)
        {
            return;
        }

        LogStartOffset = to;
        if (Epochs.TruncateFromStart(to))
        {
            _epochFile.Write(Epochs.Entries);
        }

        Segments.DeleteBelow(to, Config.FileDeleteDelayMs, now);
    }

    /// <summary>Deletes segments that are too old or too many, wholly below the high watermark.</summary>
    public void ApplyRetention(in Now now, Offset highWatermark)
    {
        Producers.RemoveExpired(now.WallMs, Config.ProducerIdExpirationMs);
        if (!Config.IsDeleted)
        {
            return;
        }

        var keepFrom = Retention.KeepFrom(Segments, Config, now.WallMs, highWatermark);
        if (keepFrom == Segments.Active.NextOffset && !Segments.Active.IsEmpty)
        {
            Roll(now);
        }

        if (keepFrom > LogStartOffset)
        {
            _environment.Effects.Reached(ProbePoint.RetentionDeleted);
            AdvanceLogStart(keepFrom, now);
        }
    }

    /// <summary>Writes what a clean start needs: indexes, producers, and everything flushed.</summary>
    public IEnumerator<Ticket> Close()
    {
        Segments.WriteIndexes(Segments.Active);
        var snapshot = AtomicFile.Write(
            _environment.Files,
            LogFileNames.Of(Directory, LogEndOffset, LogFileNames.Snapshot),
            ProducerSnapshot.Write(Producers));
        while (snapshot.MoveNext())
        {
            yield return snapshot.Current;
        }

        foreach (var file in Segments.FilesOf(Segments.Active))
        {
            yield return _environment.Files.FlushAndWait(file);
        }
    }

    /// <summary>The files will be deleted by somebody else: lets go of them.</summary>
    public void Abandon() => Segments.ForgetAll();

    public void FileWritten(OpenFile file, in Now now)
    {
        var before = WrittenOffset;
        while (_toWrite.TryPeek(out var first) && first.Position <= first.File.Written)
        {
            _toWrite.Dequeue();
            WrittenOffset = first.End;
        }

        if (WrittenOffset != before)
        {
            _listener?.LogAdvanced(this, now);
        }
    }

    public void FileFlushed(OpenFile file, in Now now)
    {
        var before = FlushedOffset;
        while (_toFlush.TryPeek(out var first) && first.Position <= first.File.Flushed)
        {
            _toFlush.Dequeue();
            FlushedOffset = first.End;
        }

        if (FlushedOffset != before)
        {
            WrittenOffset = Offset.Max(WrittenOffset, FlushedOffset);
            _listener?.LogAdvanced(this, now);
        }
    }

    /// <summary>The log was loaded and everything in it is durable.</summary>
    internal void Opened(Offset logStart, List<EpochEntry> epochs)
    {
        LogStartOffset = Offset.Min(Offset.Max(logStart, Segments.First.BaseOffset), LogEndOffset);
        WrittenOffset = LogEndOffset;
        FlushedOffset = LogEndOffset;
        _flushAskedFor = LogEndOffset;
        var changed = Epochs.TruncateFromEnd(LogEndOffset) | Epochs.TruncateFromStart(LogStartOffset);
        if (changed || epochs.Count != Epochs.Entries.Count)
        {
            _epochFile.Write(Epochs.Entries);
        }
    }

    private AppendOutcome AppendFromClient(in Now now, Memory<byte> records, LeaderEpoch epoch, short produceVersion)
    {
        var rules = RulesFor(produceVersion);
        var verdict = _validation.Validate(records.Span, rules, now.WallMs);
        if (verdict.Error != ErrorCode.None)
        {
            var errors = _validation.RecordErrors.Count == 0 ? null : _validation.RecordErrors.ToArray();
            return new AppendOutcome
            {
                Error = verdict.Error,
                Message = verdict.Message,
                RecordErrors = errors,
                BaseOffset = Offset.None,
                LogAppendTimeMs = -1,
            };
        }

        records = records[..verdict.SizeInBytes];
        RecordBatches.TryRead(records.Span, out var batch, out _);
        if (batch.HasProducerId)
        {
            var error = Producers.Check(batch, now.WallMs, Config.ProducerIdExpirationMs, out var duplicate);
            if (error != ErrorCode.None)
            {
                return RefuseSequence(error);
            }

            if (duplicate is { } known)
            {
                return AnswerDuplicate(known);
            }
        }

        if (verdict.MustRewrite)
        {
            records = Rewrite(batch, rules, verdict);
            if (records.Length > Config.MaxMessageBytes)
            {
                return AppendOutcome.Refused(ErrorCode.MessageTooLarge, "The batch is too large in the topic's codec.");
            }

            RecordBatches.TryRead(records.Span, out batch, out _);
        }

        if (records.Length > Config.SegmentBytes)
        {
            return AppendOutcome.Refused(ErrorCode.RecordListTooLarge, "The batch is larger than a segment.");
        }

        BatchRewriter.Stamp(batch, Config.TimestampType, verdict.MaxTimestamp);
        var first = LogEndOffset;
        Place(now, records, epoch);
        var isLogAppendTime = Config.TimestampType == TimestampType.LogAppendTime;
        return new AppendOutcome
        {
            BaseOffset = first,
            LastOffset = LogEndOffset + -1,
            LogAppendTimeMs = isLogAppendTime ? now.WallMs : -1,
        };
    }

    private BatchRules RulesFor(short produceVersion) => new()
    {
        ProduceVersion = produceVersion,
        IsCompacted = Config.IsCompacted,
        TimestampType = Config.TimestampType,
        TimestampBeforeMaxMs = Config.TimestampBeforeMaxMs,
        TimestampAfterMaxMs = Config.TimestampAfterMaxMs,
        MaxMessageBytes = Config.MaxMessageBytes,
        Compression = Config.Compression,
    };

    private AppendOutcome RefuseSequence(ErrorCode error)
    {
        _environment.Effects.Reached(
            error == ErrorCode.InvalidProducerEpoch ? ProbePoint.StaleProducerEpoch : ProbePoint.OutOfOrderSequence);
        return AppendOutcome.Refused(error);
    }

    private AppendOutcome AnswerDuplicate(in ProducerBatchEntry known)
    {
        _environment.Effects.Reached(ProbePoint.DuplicateBatch);
        return new AppendOutcome
        {
            IsDuplicate = true,
            BaseOffset = known.BaseOffset,
            LastOffset = known.LastOffset,
            LogAppendTimeMs = Config.TimestampType == TimestampType.LogAppendTime ? known.TimestampMs : -1,
        };
    }

    /// <summary>
    /// The rewriter's memory is its own until its next call; what is appended must last as long as the effects.
    /// </summary>
    private Memory<byte> Rewrite(in RecordBatchView batch, in BatchRules rules, in BatchVerdict verdict)
    {
        var rewritten = _rewriter.Rewrite(batch, _validation.RecordsOf(batch), rules, verdict);
        var kept = _environment.Effects.Take(rewritten.Length);
        rewritten.CopyTo(kept);
        return kept;
    }

    /// <summary>Gives the batch its offset and puts it at the end.</summary>
    private void Place(in Now now, Memory<byte> bytes, LeaderEpoch epoch)
    {
        RecordBatches.TryRead(bytes.Span, out var batch, out _);
        batch.SetBaseOffset(LogEndOffset.Value);
        batch.SetPartitionLeaderEpoch(epoch.Value);
        var last = new Offset(batch.LastOffset);
        if (Segments.Active.MustRollFor(bytes.Length, batch.MaxTimestamp, last, Config, now.WallMs))
        {
            Roll(now);
        }

        var active = Segments.Active;
        var position = _environment.Files.Append(active.File, bytes);
        active.Added(batch, (int)position, Config.IndexIntervalBytes);
        Producers.Appended(batch);
        _toWrite.Enqueue((active.File, active.Size, active.NextOffset));
        _environment.Effects.Add(new Note(NoteKind.Produced, Directory, bytes.Length, batch.RecordCount));
    }

    private void Roll(in Now now)
    {
        var full = Segments.Active;
        Segments.WriteIndexes(full);
        _toFlush.Enqueue((full.File, full.Size, full.NextOffset));
        _environment.Files.Flush(full.File);
        Routine.Run(AtomicFile.Write(
            _environment.Files,
            LogFileNames.Of(Directory, full.NextOffset, LogFileNames.Snapshot),
            ProducerSnapshot.Write(Producers)));
        Segments.Add(full.NextOffset, now.WallMs);
        _environment.Effects.Reached(ProbePoint.SegmentRolled);
        _environment.Effects.Add(new Note(NoteKind.SegmentRolled, Directory, full.NextOffset.Value, full.Size));
    }
}
