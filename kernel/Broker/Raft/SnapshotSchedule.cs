using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>When this member folds its metadata into a snapshot, and what of the past it then lets go.</summary>
/// <remarks>
/// Inputs   Committed and Consider as the log is committed; a timer
/// Effects  those of one <see cref="SnapshotWriter"/> at a time; removal of old snapshots; the log's new start
///
/// Every member does so for itself, leader or not, voter or not. A snapshot ends where a committed batch ends and no metadata
/// transaction is open.
///
/// The rule a reader would get wrong: the log is shortened to the oldest snapshot that is kept, not to the newest. Who is a
/// little behind is then given records; only who is far behind has to fetch a whole snapshot.
/// </remarks>
internal sealed class SnapshotSchedule(QuorumMember member, IMetadataStateMachine machine) : ITimed
{
    private SnapshotWriter? _writer;
    private TimerHandle? _timer;
    private Instant _lastAt;
    private long _bytes;
    private long _end;
    private long _timestampMs;
    private bool _isClosed;

    private SnapshotLimits Limits => member.Environment.Snapshots;

    private Files Files => member.Environment.Log.Files;

    /// <summary>The log is loaded; what it holds behind the newest snapshot will be committed again.</summary>
    public void Begin() => _lastAt = member.Now;

    /// <summary>A batch was committed and replayed.</summary>
    public void Committed(long end, int bytes, long timestampMs)
    {
        _end = end;
        _bytes += bytes;
        _timestampMs = Math.Max(_timestampMs, timestampMs);
    }

    /// <summary>A snapshot that another member made has taken the place of everything.</summary>
    public void Replaced()
    {
        _bytes = 0;
        _lastAt = member.Now;
        Clean();
    }

    /// <summary>Everything that was committed is replayed: this may be the place for a snapshot.</summary>
    public void Consider()
    {
        if (_isClosed || _writer is not null || _bytes == 0)
        {
            return;
        }

        var isDue = _bytes >= Limits.BytesBetween
            || (Limits.Interval > Duration.Zero && member.Now >= _lastAt + Limits.Interval);
        if (isDue && !machine.IsInTransaction)
        {
            Take();
        }
        else if (Limits.Interval > Duration.Zero && _timer is not { IsPending: true })
        {
            _timer = member.Environment.Log.Timers.Set(_lastAt + Limits.Interval, this);
        }
    }

    public void TimerFired(in Now now, long token) => member.Enter(Consider);

    public void Close()
    {
        _isClosed = true;
        member.Environment.Log.Timers.Cancel(_timer);
        if (_writer is { } writer)
        {
            writer.IsAbandoned = true;
        }
    }

    private void Take()
    {
        var id = new SnapshotId(_end, member.Log.EpochOf(new Offset(_end - 1)).Value);
        var voters = member.Voters.IsInLog ? member.Voters.At(_end) : null;
        Invariant.Check(id.Epoch >= 0 && id.EndOffset <= member.HighWatermark.Value);
        _bytes = 0;
        _lastAt = member.Now;
        _writer = new SnapshotWriter(Files, id, _timestampMs);
        Routine.Run(Write(_writer, id, voters, machine.Freeze()));
    }

    private IEnumerator<Ticket> Write(
        SnapshotWriter writer, SnapshotId id, VoterSet? voters, IEnumerator<MetadataRecord> records)
    {
        var timestampMs = _timestampMs;
        var writing = writer.Run((member.Snapshots.PartOf(id), member.Snapshots.PathOf(id)), voters, records);
        while (writing.MoveNext())
        {
            yield return writing.Current;
        }

        _writer = null;
        member.Enter(() =>
        {
            member.Environment.Log.Effects.Reached(ProbePoint.MetadataSnapshotTaken);
            member.Snapshots.Add(id, writer.Length, timestampMs);
            Clean();
            Consider();
        });
    }

    /// <summary>Old snapshots go, one always stays; the log goes below the oldest that is left.</summary>
    private void Clean()
    {
        var store = member.Snapshots;
        while (store.Kept.Count > 1 && IsDue(store))
        {
            member.Environment.Log.Effects.Reached(ProbePoint.MetadataLogShortened);
            store.RemoveOldest();
            member.Log.AdvanceLogStart(new Offset(store.Kept[0].Id.EndOffset), member.Environment.Clock.Now);
        }
    }

    private bool IsDue(SnapshotStore store)
    {
        var size = member.Log.SizeInBytes;
        foreach (var snapshot in store.Kept)
        {
            size += snapshot.File.Length;
        }

        var age = member.Environment.Clock.Now.WallMs - store.Kept[0].TimestampMs;
        return (Limits.RetentionBytes >= 0 && size > Limits.RetentionBytes)
            || (Limits.RetentionMs >= 0 && age > Limits.RetentionMs);
    }
}
