using Deterministic.Primitives;

namespace Deterministic.Broker.Boundary;

/// <summary>
/// The now of the step under way, set once at its beginning. For code that finishes what an earlier step began and is
/// called through others that have no use for the time.
/// </summary>
public sealed class StepClock
{
    public Now Now { get; internal set; }
}
