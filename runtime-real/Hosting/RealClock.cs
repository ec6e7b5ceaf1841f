using System;
using System.Diagnostics;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>The machine's two clocks, as the node is told them.</summary>
internal static class RealClock
{
    public static Now Read() => new(
        new Instant((long)(Stopwatch.GetTimestamp() * (1_000_000.0 / Stopwatch.Frequency))),
        DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
}
