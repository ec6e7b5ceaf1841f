namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>What kind of thing went wrong. The values are the exit codes of the command line.</summary>
public enum FailureKind
{
    None = 0,

    /// <summary>A node found its own state broken, or threw.</summary>
    Crash = 127,

    /// <summary>After everything had healed, something that must happen did not.</summary>
    Liveness = 128,

    /// <summary>Something happened that must never happen.</summary>
    Safety = 129,

    /// <summary>One seed, two different runs.</summary>
    Nondeterminism = 130,
}

/// <summary>One finding: which check, what it saw, when.</summary>
public sealed record Failure(FailureKind Kind, string Check, string What);
