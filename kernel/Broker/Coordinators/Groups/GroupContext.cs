using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>Where a group's records go. The answer that depends on them leaves when they are committed.</summary>
public interface IGroupJournal
{
    /// <summary>
    /// Appends the records as one batch and replays them, or does neither. <paramref name="whenCommitted"/> is
    /// called once:
    /// when the high watermark covers them, or, in this very call or later, when it never will.
    /// </summary>
    void Append(List<CoordinatorRecord> records, Action<ErrorCode> whenCommitted);
}

/// <summary>What every group of one node shares with its world.</summary>
public sealed class GroupContext
{
    public GroupContext(GroupConfig config, Timers timers, Prng prng, StepClock clock, Effects effects)
    {
        Config = config;
        Timers = timers;
        Prng = prng;
        Clock = clock;
        Effects = effects;
    }

    public GroupConfig Config { get; }

    public Timers Timers { get; }

    /// <summary>Member ids are drawn from it.</summary>
    public Prng Prng { get; }

    public StepClock Clock { get; }

    public Effects Effects { get; }

    public Answers Answers { get; } = new();

    public Instant Instant => Clock.Now.Instant;

    public long WallMs => Clock.Now.WallMs;

    public TimerHandle After(long milliseconds, ITimed owner, long token) =>
        Timers.Set(Instant + Duration.FromMilliseconds(milliseconds), owner, token);

    /// <summary>
    /// An id nobody has: what the member is called, a dash, and 122 random bits as Java writes a UUID.
    /// </summary>
    public string NewMemberId(string prefix)
    {
        var id = Uuid.Random(Prng);
        var text = $"{id.High:x16}{id.Low:x16}";
        return $"{prefix}-{text[..8]}-{text[8..12]}-{text[12..16]}-{text[16..20]}-{text[20..]}";
    }
}
