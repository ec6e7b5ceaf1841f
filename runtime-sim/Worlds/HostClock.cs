using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>
/// The clocks of one host. The monotonic one starts anew at every boot; the wall clock is wrong by a skew, runs a
/// little too fast or too slow, and may be set at any moment.
/// </summary>
public sealed class HostClock
{
    /// <summary>
    /// Every world begins at this moment, 2026-01-01 00:00 UTC, so that traces of different seeds compare.
    /// </summary>
    public const long EpochMs = 1_767_225_600_000;

    private readonly int _driftPerMillion;
    private long _skewUs;
    private long _bootUs;

    public HostClock(long skewUs, int driftPerMillion)
    {
        _skewUs = skewUs;
        _driftPerMillion = driftPerMillion;
    }

    /// <summary>The host's monotonic clock begins again, at an origin of its own.</summary>
    public void Boot(Instant worldNow, long origin) => _bootUs = worldNow.Microseconds - origin;

    /// <summary>Somebody sets the wall clock.</summary>
    public void Jump(long us) => _skewUs += us;

    public Now Read(Instant worldNow)
    {
        var us = worldNow.Microseconds;
        var wallUs = us + _skewUs + (us / 1_000_000 * _driftPerMillion);
        return new Now(new Instant(us - _bootUs), EpochMs + (wallUs / 1000));
    }

    /// <summary>
    /// When the world's clock shows what the host's monotonic clock will show at <paramref name="at"/>.
    /// </summary>
    public Instant ToWorld(Instant at) => at + new Duration(_bootUs);
}
