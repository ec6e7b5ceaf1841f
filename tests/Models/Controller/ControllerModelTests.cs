using System;
using Deterministic.Primitives;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Controller;

/// <summary>Properties of the controller under any order of requests, time, commits, crashes and fail-overs.</summary>
public sealed class ControllerModelTests
{
    [Property(MaxTest = 150)]
    public void Whoever_may_lead_holds_every_committed_record(ulong seed) => Play(seed, 150);

    [Theory]
    [InlineData(1, 60)]
    [InlineData(10_000, 60)]
    public void Long_lives_keep_the_same_promises(ulong firstSeed, int count)
    {
        for (var seed = firstSeed; seed < firstSeed + (ulong)count; seed++)
        {
            Play(seed, 1_500);
        }
    }

    private static void Play(ulong seed, int steps)
    {
        try
        {
            new ControllerHistory(seed).Play(steps);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(FormattableString.Invariant($"seed {seed}: {e.Message}"), e);
        }
    }
}
