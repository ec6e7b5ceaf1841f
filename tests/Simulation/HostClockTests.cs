using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Worlds;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>Who asks to be woken at an instant of its own clock is woken when that clock shows it.</summary>
public sealed class HostClockTests
{
    [Property(MaxTest = 500)]
    public void A_clock_of_any_pace_shows_what_was_waited_for(int seed)
    {
        var random = new System.Random(seed);
        var clock = new HostClock(0, 0, random.Next(-50_000, 50_001));
        var boot = new Instant(random.NextInt64(1_000_000_000));
        clock.Boot(boot, random.NextInt64(3_600_000_000));
        var at = clock.Read(boot).Instant + new Duration(random.NextInt64(600_000_000));

        var due = clock.ToWorld(at);

        var shown = clock.Read(due).Instant;
        Assert.InRange((shown - at).Microseconds, 0, 2);
    }
}
