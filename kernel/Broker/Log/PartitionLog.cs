using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>One partition's log, in Kafka's own files.</summary>
/// <remarks>
/// Inputs   Append, Flush, Read, retention and truncation, and through the boundary's files: how far bytes have come
/// Effects  Append, Flush, Read, Truncate, Rename, Delete
///
/// The rule a reader would get wrong: <see cref="LogEndOffset"/> runs ahead of <see cref="WrittenOffset"/>, and
/// that of
/// <see cref="FlushedOffset"/>. What was appended may be read at once (the runtime writes before it sends), but an
/// acknowledgement waits for <see cref="SafeOffset"/>.
/// </remarks>
public sealed class PartitionLog
{
    // State

    private readonly LogState _state;
    private readonly ILogListener? _listener;
    private readonly LogAppender _appender;
    private readonly LogReader _reader;
    private readonly SegmentRetirement _retirement;
    private bool _isClosed;
    private bool _isTruncating;

    internal PartitionLog(LogState state, ILogListener? listener)
    {
        _state = state;
        _listener = listener;
        _appender = new LogAppender(state);
        _reader = new LogReader(state.Env, state.Segments, state.Recent);
        _retirement = new SegmentRetirement(state, _reader);
        state.Progress.Advanced = now => _listener?.LogAdvanced(this, now);
    }

    public string Directory => _state.Directory;

    /// <summary>From partition.metadata; zero where there is none that can be read.</summary>
    public Uuid TopicId => _state.TopicId;

    /// <summary>May be replaced at any time; it holds for what comes.</summary>
    public LogConfig Config
    {
        get => _state.Config;
        set => _state.Config = value;
    }

    public Offset LogStartOffset => _state.LogStart;

    /// <summary>The offset that the next record gets.</summary>
    public Offset LogEndOffset => _state.EndOffset;

    /// <summary>Everything below is in the page cache.</summary>
    public Offset WrittenOffset => _state.Progress.Written;

    /// <summary>Everything below survives the power failing.</summary>
    public Offset FlushedOffset => _state.Progress.Flushed;

    /// <summary>What this topic's durability mode lets an acknowledgement rely on.</summary>
    public Offset SafeOffset => Config.Durability == DurabilityMode.Flush ? FlushedOffset : WrittenOffset;

    /// <summary>
    /// What recovery-point-offset-checkpoint may say of this log; lags behind <see cref="FlushedOffset"/>.
    /// </summary>
    public Offset RecoveryPoint => _state.RecoveryPoint;

    /// <summary>
    /// What was found when it was opened ended below what had been flushed: that is gone. It was cut there, unless it had to be
    /// whole: then nothing may be done with it.
    /// </summary>
    public bool IsDamaged => _state.IsDamaged;

    /// <summary>The newest epoch that a record was appended or a leader elected under; -1 before the first.</summary>
    public LeaderEpoch LatestEpoch => _state.Epochs.Latest;

    public long SizeInBytes => _state.Segments.SizeInBytes;

    public int SegmentCount => _state.Segments.Count;

    internal LogState State => _state;

    // A life

    /// <summary>
    /// A log that did not exist. Nothing counts as flushed before its partition.metadata is, and that waits until what
    /// checkpoints say of an earlier log of its name is gone.
    /// </summary>
    public static PartitionLog Create(
        LogEnvironment env, string directory, LogConfig config, ILogListener? listener, in NewLog given, in Now now)
    {
        var state = new LogState(env, directory, config) { TopicId = given.TopicId };
        state.Segments.Add(state.NewSegment(Offset.Zero, now));
        state.Progress.IsHeldBack = true;
        var log = new PartitionLog(state, listener);
        state.Abandoned.Run(Identify(state, given.First), log.IdentityDurable);
        return log;
    }

    private static IEnumerator<Ticket> Identify(LogState state, IEnumerator<Ticket>? first)
    {
        while (first is not null && first.MoveNext())
        {
            yield return first.Current;
        }

        var metadata = AtomicFile.Write(
            state.Env.Files, state.PathOf(LogFileNames.PartitionMetadata), PartitionMetadataFile.ToBytes(state.TopicId));
        while (metadata.MoveNext())
        {
            yield return metadata.Current;
        }
    }

    /// <summary>
    /// Fills a log from what the disk image shows: loaded after a clean shutdown, recovered after anything else.
    /// </summary>
    public static IEnumerator<Ticket> Open(
        LogEnvironment env, DiskImage image, PartitionLog empty, OpenHints hints, StepClock clock) =>
        new LogOpening(empty._state, image, hints, clock).Run();

    /// <summary>A log to be filled by <see cref="Open"/>; nothing else may be asked of it before.</summary>
    public static PartitionLog Unopened(
        LogEnvironment env, string directory, LogConfig config, ILogListener? listener, Uuid topicId) =>
        new(new LogState(env, directory, config) { TopicId = topicId }, listener);

    /// <summary>
    /// Clean shutdown: everything appended is flushed, with indexes and a producer snapshot at the end, so that the
    /// next
    /// start needs to read nothing. Nothing may be appended from here on.
    /// </summary>
    public IEnumerator<Ticket> Close()
    {
        _isClosed = true;
        var active = _state.Segments.Active;
        active.SaveIndexes(all: true);
        IEnumerator<Ticket>[] steps =
        [
            _state.Rolls.Settled(),
            RollSettling.FlushFiles(_state.Env, active),
            _state.EpochFile.Settle(),
            AtomicFile.Write(
                _state.Env.Files,
                _state.SnapshotPath(LogEndOffset),
                ProducerSnapshot.ToBytes(_state.Producers)),
            _retirement.Settled(),
        ];
        foreach (var step in steps)
        {
            while (step.MoveNext())
            {
                yield return step.Current;
            }
        }
    }

    /// <summary>
    /// Lets go of all file numbers and timers: the directory is being deleted, or another log opens it.
    /// </summary>
    public void Abandon()
    {
        _isClosed = true;
        _state.Abandoned.IsSet = true;
        _retirement.Cancel();
        for (var i = 0; i < _state.Segments.Count; i++)
        {
            _state.Segments[i].Forget();
        }
    }

    // Appending

    /// <summary>
    /// Appends one batch of a client, any number from others. The bytes are patched in place and must live until
    /// the effects are
    /// cleared. On an error nothing was appended; as a replica, nothing from the bad batch on.
    /// </summary>
    public AppendOutcome Append(
        in Now now, Memory<byte> records, AppendOrigin origin, LeaderEpoch epoch, short produceVersion = short.MaxValue)
    {
        Invariant.Check(!_isTruncating);
        if (_isClosed && origin != AppendOrigin.Raft)
        {
            // The node is stopping, or the topic was deleted: somebody else leads from now on, or nobody does.
            return new AppendOutcome(ErrorCode.NotLeaderOrFollower, null);
        }

        Invariant.Check(!_isClosed);
        return origin switch
        {
            AppendOrigin.Client => _appender.AppendFromClient(now, records, epoch, produceVersion),
            AppendOrigin.Coordinator or AppendOrigin.Raft => _appender.AppendTrusted(now, records, epoch),
            AppendOrigin.Replica => _appender.AppendAsReplica(now, records, epoch),
        };
    }

    /// <summary>Asks for durability of everything appended so far. Rolled segments need no asking.</summary>
    public void Flush()
    {
        var file = _state.Segments.Active.Log;
        if (file.Flushed < file.Length)
        {
            _state.Env.Files.Flush(file);
        }
    }

    /// <summary>A new leader's epoch begins at the log's end.</summary>
    public void AssignEpochStart(LeaderEpoch epoch)
    {
        if (epoch > LatestEpoch && _state.Epochs.Assign(epoch, LogEndOffset))
        {
            _state.SaveEpochs(LogEndOffset);
        }
    }

    // Reading

    /// <summary>
    /// Finds bytes from the batch that holds <paramref name="from"/> on, of batches below <paramref name="upTo"/>,
    /// without
    /// touching the disk.
    /// </summary>
    public ReadOutcome Read(Offset from, Offset upTo, int maxBytes, bool firstBatchWhole)
    {
        if (from < LogStartOffset || from > LogEndOffset)
        {
            return ReadOutcome.Of(ReadKind.OutOfRange);
        }

        return from >= upTo || from == LogEndOffset
            ? ReadOutcome.Of(ReadKind.Empty)
            : _reader.Read(from, new ReadLimits(upTo, maxBytes, firstBatchWhole));
    }

    /// <summary>
    /// Learns from the disk where the batch that holds an offset stands, where <see cref="Read"/> did not know: ask
    /// it
    /// again in the step in which this ends.
    /// </summary>
    public IEnumerator<Ticket> ReadCold(Offset from) =>
        from >= LogStartOffset && from < LogEndOffset ? _state.Abandoned.Guard(_reader.Find(from)) : Nothing();

    /// <summary>
    /// The first record at or after a time, or, for -3, the one with the largest timestamp, below
    /// <paramref name="upTo"/>. Nothing is found, not even that there is none, where the log is abandoned meanwhile.
    /// </summary>
    public IEnumerator<Ticket> OffsetForTimestamp(long timestampMs, Offset upTo, Action<TimestampAnswer> found) =>
        _state.Abandoned.Guard(new TimestampSearch(_state, upTo).Run(timestampMs, found));

    /// <summary>
    /// Shows every batch from the one that holds an offset to the log's end as it is now, in order.
    /// </summary>
    public IEnumerator<Ticket> ReadAll(Offset from, BatchReplay replay) =>
        _state.Abandoned.Guard(new LogReplay(_state, replay).Run(from));

    /// <summary>
    /// The largest epoch at or below the requested one and its end (KIP-101); (-1, -1) where it is not known.
    /// </summary>
    public (LeaderEpoch Epoch, Offset End) EndOffsetForEpoch(LeaderEpoch requested) =>
        _state.Epochs.EndOffsetFor(requested, LogEndOffset);

    /// <summary>The epoch of the record at an offset; -1 where it is not known.</summary>
    public LeaderEpoch EpochOf(Offset offset) => _state.Epochs.EpochAt(offset);

    // Shortening

    /// <summary>
    /// DeleteRecords: the log starts here from now on. Never moves back. The caller keeps within what is committed.
    /// </summary>
    public void AdvanceLogStart(Offset to, in Now now) => _retirement.AdvanceLogStart(to, now);

    /// <summary>
    /// Deletes segments that are too old, too many, or before the log's start; all below the high watermark.
    /// </summary>
    public void ApplyRetention(in Now now, Offset highWatermark)
    {
        if (!_isClosed && !_isTruncating)
        {
            _state.Producers.Expire(now.WallMs, Config.ProducerIdExpirationMs);
            _retirement.Apply(now, highWatermark);
        }
    }

    /// <summary>
    /// The recovery point is no higher than what a cut here leaves until that has ended. Whoever writes it down does so before
    /// the cut: a log that a crash leaves with less than its recovery point says is taken for damaged.
    /// </summary>
    public void AboutToCut(Offset to)
    {
        // A batch that holds the offset goes as a whole: the segment's beginning is what surely stays.
        var first = _state.Segments[_state.Segments.IndexHolding(to)].Base;
        _state.CutAt = Offset.Min(to, first);
    }

    /// <summary>
    /// Removes everything from this offset on, and the whole batch where it lies inside one. Until it has ended
    /// nothing
    /// may be appended or read. Afterwards what is left is flushed.
    /// </summary>
    public IEnumerator<Ticket> TruncateTo(Offset offset, Now now)
    {
        if (offset >= LogEndOffset)
        {
            // An epoch that this replica led without a record may stand at the very end, and the leader never had it.
            if (_state.Epochs.TruncateEnd(offset))
            {
                _state.SaveEpochs(offset);
            }

            yield break;
        }

        _isTruncating = true;
        _state.Env.Effects.Reached(ProbePoint.LogTruncated);
        var truncation = new LogTruncation(_state, _reader).Run(offset, now);
        while (!_state.Abandoned.IsSet && truncation.MoveNext())
        {
            yield return truncation.Current;
        }

        _state.CutAt = new Offset(long.MaxValue);
        _isTruncating = false;
    }

    /// <summary>
    /// Removes everything and begins anew at an offset beyond the end: what lies between is nowhere any more. Until it has
    /// ended nothing may be appended or read.
    /// </summary>
    public IEnumerator<Ticket> RestartAt(Offset offset, Now now)
    {
        Invariant.Check(offset > LogEndOffset);
        _isTruncating = true;
        _state.Env.Effects.Reached(ProbePoint.LogTruncated);
        var restart = new LogTruncation(_state, _reader).Restart(offset, now);
        while (!_state.Abandoned.IsSet && restart.MoveNext())
        {
            yield return restart.Current;
        }

        _isTruncating = false;
    }

    private void IdentityDurable()
    {
        _state.Progress.IsHeldBack = false;

        // Flushes that were answered meanwhile were not counted: ask once more.
        for (var i = 0; i < _state.Segments.Count; i++)
        {
            if (_state.Segments[i].Size > 0 && !_isClosed)
            {
                _state.Env.Files.Flush(_state.Segments[i].Log);
            }
        }
    }

    private static IEnumerator<Ticket> Nothing()
    {
        yield break;
    }
}
