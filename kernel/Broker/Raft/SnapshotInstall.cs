using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>Puts a snapshot that another member made in the place of this member's log and metadata.</summary>
/// <remarks>
/// Inputs   the whole file, as it was fetched
/// Effects  Flush, Read, Rename; the log begins anew at the snapshot's end; the state machine becomes what the snapshot says
///
/// The order: the file is durable and found whole, then it gets its name, then the log goes. A crash between the two leaves a
/// log that ends before the newest snapshot, or disagrees with it: <see cref="Fit"/> at the next start does what was left.
/// Whatever the log held behind its high watermark goes with it: the leader that sent the snapshot does not have it.
/// </remarks>
internal sealed class SnapshotInstall(QuorumMember member, IMetadataStateMachine machine)
{
    /// <summary>Nothing changes where the file is not a whole snapshot: it has to be fetched again.</summary>
    public IEnumerator<Ticket> Run(SnapshotId id, OpenFile file)
    {
        var files = member.Environment.Log.Files;
        yield return files.FlushAndWait(file);
        var length = file.Length;
        var snapshot = new SnapshotReading(files, file.Path, length);
        files.Forget(file);
        var loaded = machine.Fresh();
        var voters = member.Voters.Anew();
        var replayed = new ReplayedBatches(loaded) { SnapshotEnd = id.EndOffset };
        var reading = snapshot.Read(bytes =>
        {
            voters.Take(bytes, id.EndOffset);
            return replayed.Take(bytes);
        });
        while (reading.MoveNext())
        {
            yield return reading.Current;
        }

        if (!snapshot.IsWhole || replayed.Refusal is not null)
        {
            yield break;
        }

        yield return files.Rename(file.Path, member.Snapshots.PathOf(id));
        var restart = Restart(member, id);
        while (restart.MoveNext())
        {
            yield return restart.Current;
        }

        member.Snapshots.Add(id, length, snapshot.LastTimestampMs);
        member.Voters = voters;
        member.Tail.Clear();
        member.StartAt(new Offset(id.EndOffset));
        machine.BecomeLike(loaded);
        member.Schedule.Replaced();
        member.Environment.Log.Effects.Reached(ProbePoint.MetadataSnapshotInstalled);
    }

    /// <summary>Makes a log that was found at start fit the newest snapshot, where a crash has parted them.</summary>
    public static IEnumerator<Ticket> Fit(QuorumMember member, SnapshotId newest)
    {
        var end = new Offset(newest.EndOffset);
        var isBehind = member.Log.LogEndOffset < end;
        var epoch = end > member.Log.LogStartOffset ? member.Log.EpochOf(new Offset(newest.EndOffset - 1)).Value : -1;
        if (!isBehind && (epoch < 0 || epoch == newest.Epoch))
        {
            return Nothing();
        }

        member.Environment.Log.Effects.Reached(ProbePoint.MetadataLogRestarted);
        return Restart(member, newest);
    }

    private static IEnumerator<Ticket> Restart(QuorumMember member, SnapshotId id)
    {
        var end = new Offset(id.EndOffset);
        var now = member.Environment.Clock.Now;
        foreach (var step in (Func<IEnumerator<Ticket>>[])[
            () => member.Log.TruncateTo(new Offset(id.EndOffset - 1), now),
            () => member.Log.RestartAt(end, now)])
        {
            var steps = step();
            while (steps.MoveNext())
            {
                yield return steps.Current;
            }
        }
    }

    private static IEnumerator<Ticket> Nothing()
    {
        yield break;
    }
}
