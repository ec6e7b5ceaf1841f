using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>What the parts of one log share. <see cref="PartitionLog"/> is what others see of it.</summary>
internal sealed class LogState
{
    private LogConfig _config;
    private Offset _epochsDurableBelow = new(long.MaxValue);

    public LogState(LogEnvironment env, string directory, LogConfig config)
    {
        Env = env;
        Directory = directory;
        Name = LogFileNames.NameOf(directory).ToString();
        _config = config;
        Rules = config.ToBatchRules();
        EpochFile = new ReplacedFile(env.Files, PathOf(LogFileNames.LeaderEpochs), Abandoned);
        Rolls = new RollSettling(env, directory, Abandoned);
    }

    public LogEnvironment Env { get; }

    public string Directory { get; }

    public AbandonedMark Abandoned { get; } = new();

    /// <summary>topic-partition, for notes.</summary>
    public string Name { get; }

    public SegmentList Segments { get; } = new();

    public RecentBatches Recent { get; } = new();

    public ProducerStates Producers { get; } = new();

    public LeaderEpochCache Epochs { get; } = new();

    public LogProgress Progress { get; } = new();

    public RollSettling Rolls { get; }

    public ReplacedFile EpochFile { get; }

    public BatchRules Rules { get; private set; }

    public Uuid TopicId { get; set; }

    public Offset LogStart { get; set; }

    /// <summary>The offsets of the producer snapshots that are on the disk, or will be soon; in order.</summary>
    public List<Offset> Snapshots { get; } = [];

    /// <summary>Batches below were there when the log was opened.</summary>
    public Offset FoundEnd { get; set; }

    /// <summary>
    /// When it was opened it ended below its recovery point: something of what had been flushed is gone, or is not readable.
    /// </summary>
    public bool IsDamaged { get; set; }

    /// <summary>The log is about to be cut, and what is before this stays.</summary>
    public Offset CutAt { get; set; } = new(long.MaxValue);

    /// <summary>What is taken off segment.ms for the active segment, drawn anew for each.</summary>
    public long JitterMs { get; set; }

    public LogConfig Config
    {
        get => _config;
        set
        {
            _config = value;
            Rules = value.ToBatchRules();
        }
    }

    public Offset EndOffset => Segments.EndOffset;

    /// <summary>
    /// Recovery after a crash may begin here: everything below is flushed, and so are the snapshot and the epochs
    /// that
    /// a recovery would not find out from the batches behind it.
    /// </summary>
    public Offset RecoveryPoint
    {
        get
        {
            var epochs = EpochFile.IsWriting ? _epochsDurableBelow : new Offset(long.MaxValue);
            return Offset.Min(Offset.Min(Progress.Flushed, CutAt), Offset.Min(Rolls.Floor, epochs));
        }
    }

    public string PathOf(string name) => Directory + "/" + name;

    /// <summary>The epochs have changed from this offset on.</summary>
    public void SaveEpochs(Offset changedFrom)
    {
        _epochsDurableBelow = EpochFile.IsWriting ? Offset.Min(_epochsDurableBelow, changedFrom) : changedFrom;
        EpochFile.Write(Epochs.ToBytes());
    }

    public string SnapshotPath(Offset offset) => LogFileNames.Of(Directory, offset, LogFileNames.Snapshot);

    public Segment NewSegment(Offset baseOffset, in Now now)
    {
        var jitter = (int)long.Min(Config.SegmentJitterMs, int.MaxValue - 1);
        JitterMs = jitter > 0 ? Env.Prng.Next(jitter + 1) : 0;
        return new Segment(Env, Directory, Progress, baseOffset, 0) { CreatedMs = now.WallMs };
    }

    /// <summary>
    /// Seals the active segment and begins the next at the log's end. A producer snapshot is taken here and now: it
    /// is the
    /// state at the new base offset.
    /// </summary>
    public void Roll(in Now now)
    {
        var old = Segments.Active;
        Invariant.Check(old.Size > 0);
        old.SaveIndexes(all: true);
        Segments.Touch(old);
        Segments.Add(NewSegment(old.NextOffset, now));
        Segments.EvictIndexes();
        Recent.Clear();
        Producers.Expire(now.WallMs, Config.ProducerIdExpirationMs);
        Snapshots.Add(old.NextOffset);
        Rolls.Begin(old, ProducerSnapshot.ToBytes(Producers));
        Env.Effects.Reached(ProbePoint.SegmentRolled);
        Env.Effects.Add(new Note(NoteKind.SegmentRolled, Name, old.NextOffset.Value, old.Size));
    }
}
