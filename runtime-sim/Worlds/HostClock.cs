using System;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>
/// The clocks of one host. The monotonic one starts anew at every boot, and may run too fast or too slow; the wall clock is
/// wrong by a skew, drifts for itself, and may be set at any moment.
/// </summary>
public sealed class HostClock
{
    /// <summary>
    /// Every world begins at this moment, 2026-01-01 00:00 UTC, so that traces of different seeds compare.
    /// </summary>
    public const long EpochMs = 1_767_225_600_000;

    private const int Million = 1_000_000;

    private readonly int _driftPerMillion;
    private readonly int _pacePerMillion;
    private long _skewUs;
    private Instant _bootedAt;
    private long _originUs;

    /// <param name="skewUs">How far the wall clock is off.</param>
    /// <param name="driftPerMillion">How much too fast the wall clock runs.</param>
    /// <param name="pacePerMillion">How much too fast the monotonic clock runs; every time-out is early by it.</param>
    public HostClock(long skewUs, int driftPerMillion, int pacePerMillion)
    {
        _skewUs = skewUs;
        _driftPerMillion = driftPerMillion;
        _pacePerMillion = pacePerMillion;
    }

    /// <summary>The host's monotonic clock begins again, at an origin of its own.</summary>
    public void Boot(Instant worldNow, long origin)
    {
        _bootedAt = worldNow;
        _originUs = origin;
    }

    /// <summary>Somebody sets the wall clock.</summary>
    public void Jump(long us) => _skewUs += us;

    public Now Read(Instant worldNow)
    {
        var us = worldNow.Microseconds;
        var wallUs = us + _skewUs + (us / 1_000_000 * _driftPerMillion);
        var up = (worldNow - _bootedAt).Microseconds;
        return new Now(new Instant(_originUs + up + Gained(up)), EpochMs + (wallUs / 1000));
    }

    /// <summary>
    /// When the world's clock shows what the host's monotonic clock will show at <paramref name="at"/>.
    /// </summary>
    public Instant ToWorld(Instant at)
    {
        var shown = at.Microseconds - _originUs;
        var up = shown;
        if (_pacePerMillion != 0)
        {
            // Near enough by division; then on to where it is shown, or who waits would wake too early.
            up = (long)((Int128)shown * Million / (Million + _pacePerMillion));
            while (up + Gained(up) < shown)
            {
                up++;
            }
        }

        return _bootedAt + new Duration(up);
    }

    private long Gained(long upUs) => (long)((Int128)upUs * _pacePerMillion / Million);
}
