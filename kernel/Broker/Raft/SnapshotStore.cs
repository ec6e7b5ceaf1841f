using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>The whole snapshots of one directory.</summary>
/// <remarks>
/// Inputs   Load, Add, RemoveOldest, TimerFired
/// Effects  Name, Forget, Rename, Delete
///
/// A file's name is what says that it is whole: it is written under another and renamed when it is durable. So what a crash
/// left half done (<c>.part</c>) is deleted at the next start, as is what waits for its deletion (<c>.deleted</c>): a removed
/// snapshot stays readable for a while, for answers that are still under way.
/// </remarks>
internal sealed class SnapshotStore(QuorumEnvironment quorum, string directory) : ITimed
{
    public const string Part = ".part";

    private const string Damaged = ".damaged";

    private static readonly Duration DeleteDelay = Duration.FromSeconds(60);

    private readonly LogEnvironment _log = quorum.Log;
    private readonly List<Snapshot> _kept = [];
    private readonly Queue<(string Path, OpenFile File, TimerHandle Timer)> _removed = new();

    /// <summary>The oldest first. The one that only the format tool wrote, at offset 0, is among them.</summary>
    public IReadOnlyList<Snapshot> Kept => _kept;

    /// <summary>The zero id where there is none.</summary>
    public SnapshotId Newest => _kept.Count == 0 ? default : _kept[^1].Id;

    public Snapshot? Find(SnapshotId id)
    {
        foreach (var snapshot in _kept)
        {
            if (snapshot.Id == id)
            {
                return snapshot;
            }
        }

        return null;
    }

    public string PathOf(SnapshotId id) => id.PathIn(directory);

    public string PartOf(SnapshotId id) => id.PathIn(directory) + Part;

    /// <summary>Learns what is there, and removes what is not whole.</summary>
    public IEnumerator<Ticket> Load(DiskImage image)
    {
        foreach (var entry in image.Within(directory))
        {
            if (SnapshotId.TryParse(entry.Path, out var id))
            {
                Add(id, entry.Length, timestampMs: 0);
            }
            else if (IsLeftOver(entry.Path))
            {
                yield return _log.Files.Delete(entry.Path);
            }
        }

        foreach (var snapshot in _kept)
        {
            var header = new SnapshotReading(_log.Files, PathOf(snapshot.Id), snapshot.File.Length);
            var reading = header.ReadHeader();
            while (reading.MoveNext())
            {
                yield return reading.Current;
            }

            snapshot.TimestampMs = header.LastTimestampMs;
        }
    }

    /// <summary>A whole snapshot that stands under its name.</summary>
    public void Add(SnapshotId id, long length, long timestampMs)
    {
        var at = _kept.Count;
        while (at > 0 && _kept[at - 1].Id.CompareTo(id) > 0)
        {
            at--;
        }

        _kept.Insert(at, new Snapshot(id, _log.Files.Open(PathOf(id), length)) { TimestampMs = timestampMs });
    }

    /// <summary>Nobody is told of it any more. It must not be the only one.</summary>
    public void RemoveOldest()
    {
        Invariant.Check(_kept.Count > 1);
        var oldest = _kept[0];
        _kept.RemoveAt(0);
        Routine.Run(Rename(oldest));
    }

    /// <summary>A damaged one, found at start: nobody is told of it, and the file stays as it is.</summary>
    public void PassOver(Snapshot damaged)
    {
        _kept.Remove(damaged);
        _log.Files.Forget(damaged.File);
    }

    /// <summary>The log holds what it held: it gets a name under which nothing looks for it, for people to see.</summary>
    public Ticket SetAside(SnapshotId id) => _log.Files.Rename(PathOf(id), PathOf(id) + Damaged);

    public void TimerFired(in Now now, long token)
    {
        var (path, file, _) = _removed.Dequeue();
        _log.Files.Forget(file);
        _log.Files.Delete(path);
    }

    public void Close()
    {
        while (_removed.TryDequeue(out var removed))
        {
            _log.Timers.Cancel(removed.Timer);
        }
    }

    private IEnumerator<Ticket> Rename(Snapshot snapshot)
    {
        var path = PathOf(snapshot.Id);
        yield return _log.Files.Rename(path, path + LogFileNames.Deleted);
        var at = quorum.Clock.Now.Instant + DeleteDelay;
        _removed.Enqueue((path + LogFileNames.Deleted, snapshot.File, _log.Timers.Set(at, this)));
    }

    private static bool IsLeftOver(string path)
    {
        foreach (var ending in (string[])[Part, LogFileNames.Deleted])
        {
            if (path.EndsWith(ending, StringComparison.Ordinal) && SnapshotId.TryParse(path[..^ending.Length], out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One whole snapshot, open to be read.</summary>
    internal sealed class Snapshot(SnapshotId id, OpenFile file)
    {
        public SnapshotId Id => id;

        public OpenFile File => file;

        /// <summary>Of the last record that it holds.</summary>
        public long TimestampMs { get; set; }
    }
}
