using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Deterministic.Primitives;

/// <summary>A node found its own state broken. It must stop; nothing it would do next can be trusted.</summary>
public sealed class InvariantBrokenException : Exception
{
    public InvariantBrokenException()
    {
    }

    public InvariantBrokenException(string message)
        : base(message)
    {
    }

    public InvariantBrokenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Checks of our own state, in every build and on both runtimes. Never check here what a peer, a client or a disk
/// sent: those are errors to answer, and a check would let them stop a node.
/// </summary>
public static class Invariant
{
    /// <summary>
    /// Throws <see cref="InvariantBrokenException"/> with the condition's own text where it is false.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string? expression = null,
        [CallerMemberName] string? member = null,
        [CallerLineNumber] int line = 0)
    {
        if (!condition)
        {
            Fail(expression, member, line);
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fail(string? expression, string? member, int line) =>
        throw new InvariantBrokenException(FormattableString.Invariant($"{expression} (in {member}, line {line})"));
}
