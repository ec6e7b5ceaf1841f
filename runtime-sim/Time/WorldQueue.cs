using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Time;

/// <summary>How a world decides between orders that could both happen.</summary>
public enum Schedule : byte
{
    /// <summary>
    /// Latencies alone decide; what falls on one instant happens in the order in which it was asked for.
    /// </summary>
    Fifo,

    /// <summary>
    /// Every event is moved by a small random time: all orders of what is near in time get their chance.
    /// </summary>
    RandomWalk,

    /// <summary>
    /// A few subjects are slow for a while, everything else is prompt, and who is slow changes a few times in a run:
    /// bugs
    /// that need one participant to be late by far (the idea of PCT).
    /// </summary>
    FewSlow,
}

/// <summary>
/// The world's queue: every event passes here on its way in, and the schedule strategy has its say.
/// </summary>
/// <remarks>
/// Order: what must stay in order (segments of a connection, answers of a disk) is kept in order by network and disk
/// themselves; their events only say "look again".
/// </remarks>
public sealed class WorldQueue
{
    private const long ChangeEveryUs = 3_000_000;
    private readonly EventQueue<WorldEvent> _events = new();
    private readonly Prng _prng;
    private readonly Schedule _schedule;
    private readonly long _windowUs;
    private ulong _slowKey;
    private Instant _nextChange;

    public WorldQueue(Schedule schedule, long windowUs, Prng prng)
    {
        _schedule = schedule;
        _windowUs = windowUs;
        _prng = prng;
        _slowKey = prng.NextUInt64();
    }

    public int Count => _events.Count;

    public void Add(Instant at, in WorldEvent what)
    {
        switch (_schedule)
        {
            case Schedule.RandomWalk:
                var moved = at + new Duration(_prng.Between(0, _windowUs));
                _events.Add(moved, what, (int)_prng.NextUInt64());
                break;
            case Schedule.FewSlow:
                _events.Add(IsSlow(what) ? at + new Duration(_prng.Between(0, _windowUs * 20)) : at, what);
                break;
            default:
                _events.Add(at, what);
                break;
        }
    }

    public bool TryTake(Instant limit, out Instant at, out WorldEvent what)
    {
        if (!_events.TryTake(limit, out at, out what))
        {
            return false;
        }

        if (at > _nextChange)
        {
            _nextChange = at + new Duration(_prng.Between(ChangeEveryUs / 10, ChangeEveryUs));
            _slowKey = _prng.NextUInt64();
        }

        return true;
    }

    /// <summary>One subject in eight, for as long as the key stays.</summary>
    private bool IsSlow(in WorldEvent what)
    {
        var mixed = ((ulong)what.Subject + ((ulong)what.Kind << 32) + _slowKey) * 0x9E3779B97F4A7C15UL;
        return mixed >> 61 == 0;
    }
}
