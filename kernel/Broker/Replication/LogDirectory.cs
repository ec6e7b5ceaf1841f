using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>One partition that the metadata places on this node, and how its log is to be kept.</summary>
public sealed record HostedPartition(string Topic, Uuid TopicId, int Index, LogConfig Config, int MinInsyncReplicas)
{
    /// <summary>The partition's directory, as Kafka names it.</summary>
    public string Directory { get; } = string.Create(CultureInfo.InvariantCulture, $"{Topic}-{Index}");
}

/// <summary>
/// The data directory of one node: which logs are open, which are going away, and what is checkpointed of them.
/// </summary>
/// <remarks>
/// Inputs   Load, Create, Remove, Reconfigure, Close, timers
/// Effects  those of logs and files
///
/// Checkpoints only ever say less than is true (a recovery point below what is flushed, a high watermark below what
/// is
/// committed): they are written after the fact, and a crash may bring back any older one.
/// </remarks>
public sealed class LogDirectory : ITimed
{
    /// <summary>Bound: logs that are loaded at the same time at start, and closed at the end: they share flushes.</summary>
    private const int ConcurrentLoads = 64;

    private const long CheckpointTimer = 1;
    private const long RetentionTimer = 2;
    private const long CheckpointSoonTimer = 3;
    private const string CleanShutdownMarker = ".kafka_cleanshutdown";

    /// <summary>
    /// <c>log.flush.offset.checkpoint.interval.ms</c>; the high watermark's own 5 s is folded into it.
    /// </summary>
    private static readonly Duration CheckpointInterval = Duration.FromSeconds(5);

    private readonly LogEnvironment _environment;
    private readonly PartitionTable _partitions;
    private readonly ReplicationContext _context;
    private readonly StepClock _clock;
    private readonly DirectoryCheckpoints _checkpoints;
    private readonly DeletedPartitions _deleted;
    private bool _isClosing;
    private bool _isCheckpointDue;

    internal LogDirectory(
        LogEnvironment environment, PartitionTable partitions, ReplicationContext context, StepClock clock)
    {
        _context = context;
        _environment = environment;
        _partitions = partitions;
        _clock = clock;
        _checkpoints = new DirectoryCheckpoints(environment, partitions);
        context.LowerRecoveryPoint = _checkpoints.Lower;
        _deleted = new DeletedPartitions(environment);
    }

    /// <summary><c>log.retention.check.interval.ms</c>.</summary>
    public Duration RetentionInterval { get; set; } = Duration.FromSeconds(300);

    /// <summary>The broker epoch under which this directory was closed cleanly; -1 after a crash, or where it is new.</summary>
    public long LastBrokerEpoch { get; private set; } = -1;

    /// <summary>Looks for the marker of a clean shutdown, before this broker registers anew.</summary>
    public IEnumerator<Ticket> ReadMarker(DiskImage image)
    {
        var read = AtomicFile.Read(_environment.Files, image, CleanShutdownMarker);
        yield return read;
        const string Key = "\"brokerEpoch\":";
        var text = Encoding.UTF8.GetString(read.Bytes.Span);
        var at = text.IndexOf(Key, StringComparison.Ordinal);
        if (at >= 0)
        {
            var digits = text[(at + Key.Length)..].TrimEnd('}', ' ', '\n');
            LastBrokerEpoch = long.TryParse(digits, CultureInfo.InvariantCulture, out var epoch) ? epoch : -1;
        }
    }

    /// <summary>
    /// Loads or creates every log that the metadata places here; what else lies in the directory is put aside.
    /// </summary>
    public IEnumerator<Ticket> Load(DiskImage image, IReadOnlyList<HostedPartition> hosted)
    {
        var isClean = image.LengthOf(CleanShutdownMarker) >= 0;
        var reading = _checkpoints.Read(image);
        while (reading.MoveNext())
        {
            yield return reading.Current;
        }

        if (isClean)
        {
            // Durable before the first append: a crash from here on must not look like the clean end of the last
            // life.
            yield return _environment.Files.Delete(CleanShutdownMarker);
        }

        var window = new LoadWindow();
        for (var i = 0; i < hosted.Count; i++)
        {
            while (window.Running >= ConcurrentLoads)
            {
                yield return window.Slot();
            }

            LoadOne(image, hosted[i], isClean, window);
            if (i % 1000 == 999)
            {
                _environment.Effects.Add(new Note(NoteKind.Recovering, "partitions", i + 1, hosted.Count));
            }
        }

        while (window.Running > 0)
        {
            yield return window.Slot();
        }

        _deleted.Sweep(image, hosted);
    }

    /// <summary>
    /// What <see cref="Load"/> found ends below what had been flushed of it. The files say so, in every life, until the first
    /// checkpoint after <see cref="Begin"/>: whoever counts on these replicas must have been told before.
    /// </summary>
    public List<(Uuid Topic, int Index)> Damaged()
    {
        var damaged = new List<(Uuid, int)>();
        foreach (var partition in _partitions.All)
        {
            if (partition.Log is { IsDamaged: true })
            {
                damaged.Add((partition.TopicId, partition.Index));
            }
        }

        return damaged;
    }

    /// <summary>From now on checkpoints are written and old segments deleted.</summary>
    public void Begin()
    {
        _environment.Timers.Set(_clock.Now.Instant + CheckpointInterval, this, CheckpointTimer);
        _environment.Timers.Set(_clock.Now.Instant + RetentionInterval, this, RetentionTimer);
    }

    /// <summary>A partition that was not there before: its log is empty.</summary>
    public Partition Create(HostedPartition hosted)
    {
        var partition = NewPartition(hosted);
        var log = PartitionLog.Create(
            _environment,
            hosted.Directory,
            hosted.Config,
            partition,
            new NewLog(hosted.TopicId, _checkpoints.Lower(partition)),
            _clock.Now);
        partition.Opened(log, Offset.Zero);
        _partitions.Add(partition);
        return partition;
    }

    /// <summary>The topic was deleted: its partitions stop serving at once, their files go away later.</summary>
    public void Remove(Uuid topicId)
    {
        foreach (var partition in _partitions.Remove(topicId))
        {
            PutAside(partition);
        }
    }

    /// <summary>One replica moved to another broker.</summary>
    public void Remove(Partition partition)
    {
        _partitions.Remove(partition);
        PutAside(partition);
    }

    /// <summary>
    /// Flushes and closes every log, writes the checkpoints, and last of all the marker of a clean shutdown.
    /// </summary>
    public IEnumerator<Ticket> Close(long brokerEpoch)
    {
        _isClosing = true;
        var window = new LoadWindow();
        foreach (var partition in new List<Partition>(_partitions.All))
        {
            while (window.Running >= ConcurrentLoads)
            {
                yield return window.Slot();
            }

            if (partition.Log is { } log && !partition.IsRemoved)
            {
                window.Begin();
                Routine.Run(log.Close(), window.End);
            }
        }

        while (window.Running > 0)
        {
            yield return window.Slot();
        }

        var writing = _checkpoints.WriteNow();
        while (writing.MoveNext())
        {
            yield return writing.Current;
        }

        var marker = AtomicFile.Write(
            _environment.Files,
            CleanShutdownMarker,
            Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"{{\"version\":0,\"brokerEpoch\":{brokerEpoch}}}")));
        while (marker.MoveNext())
        {
            yield return marker.Current;
        }
    }

    /// <summary>Ends when the log starts that are true now survive the power failing.</summary>
    public IEnumerator<Ticket> CheckpointNow() => _checkpoints.WriteNow();

    public void TimerFired(in Now now, long token)
    {
        if (_isClosing)
        {
            return;
        }

        if (token == RetentionTimer)
        {
            foreach (var partition in _partitions.All)
            {
                partition.Log?.ApplyRetention(now, partition.HighWatermark);
                partition.LogStartAdvanced();
            }

            _environment.Timers.Set(now.Instant + RetentionInterval, this, RetentionTimer);
            return;
        }

        if (token == CheckpointSoonTimer)
        {
            _isCheckpointDue = false;
            Routine.Run(_checkpoints.WriteNow());
            return;
        }

        Routine.Run(_checkpoints.Write());
        _environment.Timers.Set(now.Instant + CheckpointInterval, this, CheckpointTimer);
    }

    private Partition NewPartition(HostedPartition hosted) =>
        new(_context, hosted.Topic, hosted.TopicId, hosted.Index) { MinInsyncReplicas = hosted.MinInsyncReplicas };

    private void PutAside(Partition partition)
    {
        var log = partition.Log;
        partition.Removed();
        if (log is not null)
        {
            log.Abandon();
            _deleted.Begin(log.Directory, Duration.FromMilliseconds(log.Config.FileDeleteDelayMs), _clock.Now);
            CheckpointSoon();
        }
    }

    /// <summary>What the checkpoints say of a log that is gone must not be taken for news of the next one of its name.</summary>
    private void CheckpointSoon()
    {
        if (!_isCheckpointDue)
        {
            _isCheckpointDue = true;
            _environment.Timers.Set(_clock.Now.Instant, this, CheckpointSoonTimer);
        }
    }

    private void LoadOne(DiskImage image, HostedPartition hosted, bool isClean, LoadWindow window)
    {
        var partition = NewPartition(hosted);
        _partitions.Add(partition);
        window.Begin();
        var hints = _checkpoints.HintsFor(hosted, isClean);
        var log = PartitionLog.Unopened(_environment, hosted.Directory, hosted.Config, partition, hosted.TopicId);
        var opening = PartitionLog.Open(_environment, image, log, hints, _clock);
        Routine.Run(opening, () =>
        {
            partition.Opened(log, _checkpoints.HighWatermarkOf(hosted));
            window.End();
        });
    }

    /// <summary>Counts what is under way; whoever waits for a free slot is resumed when any of them ends.</summary>
    private sealed class LoadWindow
    {
        private Ticket? _waiting;

        public int Running { get; private set; }

        public void Begin() => Running++;

        public void End()
        {
            Running--;
            var waiting = _waiting;
            _waiting = null;
            waiting?.Complete();
        }

        public Ticket Slot() => _waiting ??= new Ticket();
    }
}
