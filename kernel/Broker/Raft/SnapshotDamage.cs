using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>What to do about snapshots that were whole once and are not any more.</summary>
/// <remarks>
/// Inputs   the files, read at start; the log, once it is open
/// Effects  Read, Forget; Rename of what is damaged, when nothing is lost by it
///
/// The newest whole snapshot is used instead, or none. The rule a reader would get wrong: that is only safe where the log goes
/// back far enough to hold everything between. Where it does not, this member has acknowledged what it cannot show, and with
/// it a majority might have been made: it must not come back with less, so the node refuses its directory and the file stays.
/// </remarks>
internal sealed class SnapshotDamage(QuorumMember member)
{
    /// <summary>Those that are damaged, the newest first.</summary>
    private readonly List<SnapshotId> _found = [];

    /// <summary>Why the directory cannot be used; null where nothing is damaged, or the log holds everything.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The log is open: refuses where it does not hold what the newest of the damaged ones held.</summary>
    public void Compare()
    {
        if (_found is [var newest, ..] && !Holds(newest))
        {
            Refuse(newest);
        }
    }

    /// <summary>Reads from the newest on until one is whole.</summary>
    public IEnumerator<Ticket> Check()
    {
        while (member.Snapshots.Kept is [.., var newest])
        {
            var path = member.Snapshots.PathOf(newest.Id);
            var snapshot = new SnapshotReading(member.Environment.Log.Files, path, newest.File.Length);
            var reading = snapshot.Read(static _ => true);
            while (reading.MoveNext())
            {
                yield return reading.Current;
            }

            if (snapshot.IsWhole)
            {
                yield break;
            }

            _found.Add(newest.Id);
            member.Snapshots.PassOver(newest);
        }
    }

    /// <summary>After the log was read: the damaged files get out of the way.</summary>
    public IEnumerator<Ticket> Repair()
    {
        foreach (var id in _found)
        {
            // The first of all says nothing but who votes.
            if (id.EndOffset == 0 && !member.Voters.IsInLog)
            {
                Refuse(id);
                yield break;
            }
        }

        foreach (var id in _found)
        {
            yield return member.Snapshots.SetAside(id);
        }
    }

    private bool Holds(SnapshotId damaged)
    {
        var end = new Offset(damaged.EndOffset);
        return member.Log.LogStartOffset.Value <= member.Snapshots.Newest.EndOffset
            && member.Log.LogEndOffset >= end
            && (end == Offset.Zero || member.Log.EpochOf(new Offset(damaged.EndOffset - 1)).Value == damaged.Epoch);
    }

    private void Refuse(SnapshotId id) =>
        Refusal = member.Snapshots.PathOf(id) + " is damaged, and the metadata log does not hold what it held";
}
