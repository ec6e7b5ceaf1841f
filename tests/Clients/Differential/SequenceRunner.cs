using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>Where a sequence's answers first differ without a reason: in all these fields of one answer.</summary>
public sealed record Mismatch(IReadOnlyList<Difference> All, Step Step, int Index)
{
    public Difference Difference => All[0];
}

/// <summary>
/// Sends sequences to two brokers and compares the answers. One for each thread: it owns its connections.
/// </summary>
/// <remarks>A sequence is left at its first difference that no row of the table explains, because the two brokers
/// may be in different states after it.</remarks>
public sealed class SequenceRunner(Peer kafka, Peer ours, Differences differences, string prefix) : IDisposable
{
    private const int MostAttemptsToShorten = 25;
    private int _sequence;

    /// <summary>Steps sent since the runner was made, those of repetitions included.</summary>
    public List<Step> Sent { get; } = [];

    /// <summary>Reasons of the differences that were met and explained.</summary>
    public List<string> Explained { get; } = [];

    /// <summary>Waits until groups can be used on both.</summary>
    public void AwaitCoordinators() => Parallel.Invoke(kafka.AwaitCoordinator, ours.AwaitCoordinator);

    public Mismatch? FirstMismatch(Sequence sequence)
    {
        var own = FormattableString.Invariant($"{prefix}x{_sequence++}-");
        Parallel.Invoke(() => kafka.Begin(own, sequence.Config), () => ours.Begin(own, sequence.Config));
        Mismatch? first = null;
        for (var i = 0; i < sequence.Steps.Count && first is null; i++)
        {
            var step = sequence.Steps[i];
            List<Answer> theirs = [], mine = [];
            Parallel.Invoke(() => theirs = kafka.Send(step), () => mine = ours.Send(step));
            Sent.Add(step);
            for (var answer = 0; answer < theirs.Count && first is null; answer++)
            {
                var answered = answer == 0 ? step : step.Partner!;
                var unexplained = Unexplained(answered, theirs[answer], mine[answer]);
                first = unexplained.Count > 0 ? new Mismatch(unexplained, answered, i) : null;
            }
        }

        Parallel.Invoke(kafka.End, ours.End);
        return first;
    }

    /// <summary>Leaves out step after step, and the topic's configuration, as long as the difference stays.</summary>
    public (Sequence Sequence, Mismatch Mismatch) Shorten(Sequence sequence, Mismatch found)
    {
        var shortest = (Sequence: sequence with { Steps = [.. sequence.Steps.Take(found.Index + 1)] }, Mismatch: found);
        var attempts = 0;
        for (var drop = shortest.Sequence.Steps.Count - 2; drop >= -1 && attempts < MostAttemptsToShorten; drop--)
        {
            var candidate = drop == -1
                ? shortest.Sequence with { Config = null }
                : shortest.Sequence with { Steps = [.. shortest.Sequence.Steps.Where((_, i) => i != drop)] };
            attempts++;
            if (FirstMismatch(candidate) is { } still && still.Difference.Path == found.Difference.Path)
            {
                shortest = (candidate, still);
            }
        }

        return shortest;
    }

    public void Dispose()
    {
        kafka.Dispose();
        ours.Dispose();
    }

    private List<Difference> Unexplained(Step step, Answer theirs, Answer mine)
    {
        var unexplained = new List<Difference>();
        var (kafkas, own) = (LeavesOf(kafka, step, theirs), LeavesOf(ours, step, mine));
        if (theirs.Response is null != mine.Response is null)
        {
            // That only one of them answered is the difference; the fields of that answer are none.
            OnlyConnection(kafkas);
            OnlyConnection(own);
        }

        foreach (var difference in differences.Between(kafkas, own))
        {
            if (differences.ReasonFor(difference) is { } reason)
            {
                Explained.Add(reason);
            }
            else
            {
                unexplained.Add(difference);
            }
        }

        return unexplained;
    }

    private static void OnlyConnection(SortedDictionary<string, string> leaves)
    {
        foreach (var path in leaves.Keys.Where(path => !path.EndsWith(".Connection", StringComparison.Ordinal)).ToList())
        {
            leaves.Remove(path);
        }
    }

    private static SortedDictionary<string, string> LeavesOf(Peer peer, Step step, Answer answer)
    {
        var leaves = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (answer.Response is { } response)
        {
            peer.Scene.KeepOwn(response);
            leaves = new Leaves(peer.Scene.SymbolOf).Of(response);
        }

        var damaged = step.Damage is null ? "" : "Damaged";
        leaves[$"{damaged}{step.Key}Response.Connection"] = answer.Instead.Length == 0 ? "answered" : answer.Instead;
        return leaves;
    }
}
