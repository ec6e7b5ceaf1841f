using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>
/// Directories on their way out. A deleted partition's directory is first renamed with the ending <c>-delete</c>,
/// so that a
/// topic of the same name can be created at once, and removed after the topic's <c>file.delete.delay.ms</c>. A crash between
/// leaves the
/// renamed directory behind; the next start finds it by its ending.
/// </summary>
internal sealed class DeletedPartitions : ITimed
{
    private const string DeleteEnding = "-delete";

    private readonly LogEnvironment _environment;
    private readonly Dictionary<long, string> _pending = [];
    private long _nextToken;

    public DeletedPartitions(LogEnvironment environment)
    {
        _environment = environment;
    }

    public void Begin(string directory, Duration delay, in Now now)
    {
        var renamed = LogFileNames.Aside(directory, DeleteEnding, _environment.Prng);
        _environment.Files.Rename(directory, renamed);
        RemoveAt(renamed, now.Instant + delay);
    }

    /// <summary>
    /// Looks through what was found at start: finishes deletions that a crash interrupted, and puts aside
    /// directories that
    /// look like partitions but that the metadata does not place here.
    /// </summary>
    public void Sweep(DiskImage image, IReadOnlyList<HostedPartition> hosted)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var partition in hosted)
        {
            known.Add(partition.Directory);
        }

        var last = "";
        foreach (var file in image.Files)
        {
            var slash = file.Path.IndexOf('/');
            if (slash <= 0 || file.Path.AsSpan(0, slash).SequenceEqual(last))
            {
                continue;
            }

            last = file.Path[..slash];
            if (last.EndsWith(DeleteEnding, StringComparison.Ordinal))
            {
                _environment.Effects.Reached(ProbePoint.InterruptedTopicDeletion);
                _environment.Files.Delete(last);
            }
            else if (IsPartitionName(last) && !known.Contains(last))
            {
                _environment.Effects.Add(new Note(NoteKind.Warning, $"{last} is not a partition of this node", 0, 0));
                _environment.Files.Rename(last, LogFileNames.Aside(last, LogFileNames.Stray, _environment.Prng));
            }
        }
    }

    public void TimerFired(in Now now, long token)
    {
        if (_pending.Remove(token, out var directory))
        {
            _environment.Files.Delete(directory);
        }
    }

    private void RemoveAt(string directory, Instant at)
    {
        var token = _nextToken++;
        _pending.Add(token, directory);
        _environment.Timers.Set(at, this, token);
    }

    /// <summary>Topic, a dash, digits; other directories in here are none of ours.</summary>
    private static bool IsPartitionName(string directory)
    {
        var dash = directory.LastIndexOf('-');
        if (dash <= 0 || dash == directory.Length - 1 || directory == "__cluster_metadata-0")
        {
            return false;
        }

        return !directory.AsSpan(dash + 1).ContainsAnyExceptInRange('0', '9');
    }
}
