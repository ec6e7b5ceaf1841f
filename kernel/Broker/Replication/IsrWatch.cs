using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>
/// Looks now and then whether a replica has fallen out of sync: <c>replica.lag.time.max.ms</c>, twice in that time.
/// </summary>
internal sealed class IsrWatch(PartitionTable partitions, Timers timers, StepClock clock, Duration limit) : ITimed
{
    public void Begin() => timers.Set(clock.Now.Instant + new Duration(limit.Microseconds / 2), this);

    public void TimerFired(in Now now, long token)
    {
        foreach (var partition in partitions.All)
        {
            partition.CheckIsr(limit);
        }

        Begin();
    }
}
