using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// What may be lost, and what never: computed from how each topic is configured and from the faults that really
/// happened.
/// Without it a checker is either blind or noisy.
/// </summary>
/// <remarks>
/// Flush mode: what was acknowledged survives everything but a disk that lies about flushes.
/// Page-cache mode: what was acknowledged survives the process; a power loss after the acknowledgement may take it,
/// and then offsets are used again, so nothing about that partition's offsets is stable across the loss.
/// A promise that hangs on one leader (acks=1, an unclean election allowed) falls with any leader that is struck or cut off.
/// Deleted records (retention, DeleteRecords) and deleted topics owe nothing.
/// </remarks>
public sealed class Contract : IWorldObserver
{
    /// <summary>Longer than any request's time-out in a simulation.</summary>
    private const long LongestAnswerUs = 30_000_000;

    private readonly SortedSet<int> _pageCache = [];
    private readonly SortedSet<int> _retained = [];
    private readonly SortedSet<int> _deleted = [];
    private readonly List<Instant> _powerLosses = [];
    private readonly SortedSet<int> _hangsOnLeader = [];
    private readonly SortedSet<int> _unclean = [];
    private Instant? _lastBlow;

    /// <summary>A disk that betrays what it flushed is in play: no record is owed.</summary>
    public bool DisksLie { get; set; }

    /// <summary>Moments at which the power failed.</summary>
    public IReadOnlyList<Instant> PowerLosses => _powerLosses;

    /// <summary>The partition acknowledges what is only in the page cache.</summary>
    public void IsPageCache(int partition) => _pageCache.Add(partition);

    /// <summary>What is acknowledged may be on the leader alone, or a leader may be chosen that lacks it.</summary>
    public void HangsOnLeader(int partition) => _hangsOnLeader.Add(partition);

    /// <summary>One that is not in sync may be elected: replicas may differ below what was committed.</summary>
    public void MayElectUncleanly(int partition)
    {
        _unclean.Add(partition);
        HangsOnLeader(partition);
    }

    /// <summary>Retention or DeleteRecords may move the partition's log start.</summary>
    public void MayBeTrimmed(int partition) => _retained.Add(partition);

    /// <summary>Somebody asked for the topic to be deleted.</summary>
    public void IsDeleted(int partition) => _deleted.Add(partition);

    public bool IsUnclean(int partition) => _unclean.Contains(partition);

    public bool IsTrimmed(int partition) => _retained.Contains(partition);

    public bool IsGone(int partition) => _deleted.Contains(partition);

    /// <summary>
    /// What was asked for at this moment and promised later may be gone. The promise was made somewhere between
    /// asking and
    /// hearing of it, perhaps before a power loss that came before the answer arrived: so asking counts.
    /// </summary>
    public bool MayLose(int partition, Instant askedAt) =>
        DisksLie || IsGone(partition)
        || (_pageCache.Contains(partition) && PowerLostAfter(askedAt))
        || (_hangsOnLeader.Contains(partition) && _lastBlow is { } blow
            && blow.Microseconds + LongestAnswerUs >= askedAt.Microseconds);

    /// <summary>
    /// An answer that arrived at this moment may be about offsets that mean something else by now: it may have been
    /// under way
    /// for a while.
    /// </summary>
    public bool MayReuseOffsets(int partition, Instant heardAt) =>
        MayLose(partition, new Instant(heardAt.Microseconds - LongestAnswerUs));

    public void Happened(World world, in Happening happening)
    {
        if (happening.Kind == HappeningKind.PowerLost)
        {
            _powerLosses.Add(happening.At);
        }

        // Nobody can tell an old copy from a disk that survived a crash.
        DisksLie |= happening.Kind == HappeningKind.DiskTurnedBack;
        if (happening.Kind is HappeningKind.NodeStopped or HappeningKind.NodeHalted or HappeningKind.NodeKilled
            or HappeningKind.PowerLost or HappeningKind.NodePaused or HappeningKind.LinkCut or HappeningKind.LinkHealed
            or HappeningKind.DiskWiped or HappeningKind.DiskTurnedBack)
        {
            _lastBlow = happening.At;
        }
    }

    /// <summary>For histories without a world.</summary>
    public void PowerLostAt(Instant at) => _powerLosses.Add(at);

    /// <summary>For histories without a world.</summary>
    public void StruckAt(Instant at) => _lastBlow = at;

    private bool PowerLostAfter(Instant at) => _powerLosses.Count > 0 && _powerLosses[^1] >= at;
}

/// <summary>What the checks of one run found.</summary>
public sealed class Verdict
{
    private const int MaxViolations = 20;

    public List<Failure> Violations { get; } = [];

    /// <summary>Acknowledged records that are gone and that the contract allowed to go.</summary>
    public long AllowedLosses { get; set; }

    public void Report(string check, FormattableString what)
    {
        if (Violations.Count < MaxViolations)
        {
            Violations.Add(new Failure(FailureKind.Safety, check, FormattableString.Invariant(what)));
        }
    }
}

/// <summary>One thing that must never happen, judged over a whole history.</summary>
public interface ICheck
{
    string Name { get; }

    void Judge(History history, Contract contract, Verdict verdict);
}
