using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>A difference that came twice, and the shortest sequence found that shows it.</summary>
public sealed record Finding(Mismatch Mismatch, Sequence Sequence);

/// <summary>
/// Sends generated sequences to both brokers, several at a time, and gathers where the answers differ.
/// </summary>
/// <remarks>
/// A difference counts when the same sequence, sent again on fresh topics, shows it again: what depends on when a
/// broker gets around to something does not. The same field with the same two values is one finding, however often
/// it is met.
/// </remarks>
public sealed class DifferentialRun(Differences differences)
{
    /// <summary>Sequences mostly wait for rebalances to time out: more of them at once than there are cores.</summary>
    private const int Workers = 6;

    private const int FewestStepsOfASequence = 3;
    private const int SizeOfGenerated = 50;

    private readonly string _run = Guid.NewGuid().ToString("N")[..6];
    private readonly object _gate = new();

    public int Sequences { get; private set; }

    public int Requests { get; private set; }

    public SortedDictionary<string, int> VersionsSeen { get; } = new(StringComparer.Ordinal);

    /// <summary>How often each row of the table was needed.</summary>
    public SortedDictionary<string, int> Explained { get; } = new(StringComparer.Ordinal);

    public List<Finding> Findings { get; } = [];

    /// <summary>Runs until so many requests were sent, repetitions not counted.</summary>
    public void Run(DifferentialBrokers brokers, int requests, ulong seed)
    {
        var generated = Sequence.Any.Sample(10 + (requests / FewestStepsOfASequence), new Rnd(seed), SizeOfGenerated);
        var sequences = new ConcurrentQueue<Sequence>(generated);
        var failures = new ConcurrentQueue<Exception>();
        SendLearned(brokers);
        var workers = new Thread[Workers];
        for (var i = 0; i < Workers; i++)
        {
            var runner = brokers.Connect(differences, FormattableString.Invariant($"d{_run}w{i}"));
            workers[i] = new Thread(() => Work(runner, sequences, requests, failures));
            workers[i].Start();
        }

        foreach (var worker in workers)
        {
            worker.Join();
        }

        if (failures.TryDequeue(out var failure))
        {
            throw new InvalidOperationException("a sequence could not be run: " + failure.Message, failure);
        }
    }

    /// <summary>One after the other and alone: some alter the broker itself, and put it right again.</summary>
    private void SendLearned(DifferentialBrokers brokers)
    {
        using var runner = brokers.Connect(differences, FormattableString.Invariant($"d{_run}l"));
        foreach (var sequence in LearnedSequences.All)
        {
            Examine(runner, sequence);
        }

        runner.AwaitCoordinators();
    }

    private void Work(
        SequenceRunner runner, ConcurrentQueue<Sequence> sequences, int requests, ConcurrentQueue<Exception> failures)
    {
        using (runner)
        {
            try
            {
                while (RequestsSoFar() < requests && failures.IsEmpty && sequences.TryDequeue(out var sequence))
                {
                    Examine(runner, sequence);
                }
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                failures.Enqueue(failure);
            }
        }
    }

    private void Examine(SequenceRunner runner, Sequence sequence)
    {
        runner.Sent.Clear();
        runner.Explained.Clear();
        var found = runner.FirstMismatch(sequence);
        Count(runner);
        if (found is null || IsKnown(found) || runner.FirstMismatch(sequence) is not { } again
            || again.Difference.Path != found.Difference.Path)
        {
            return;
        }

        var shortest = runner.Shorten(sequence, found);
        lock (_gate)
        {
            if (!IsKnown(shortest.Mismatch))
            {
                Findings.Add(new Finding(shortest.Mismatch, shortest.Sequence));
            }
        }
    }

    private void Count(SequenceRunner runner)
    {
        lock (_gate)
        {
            Sequences++;
            foreach (var step in runner.Sent)
            {
                for (var counted = step; counted is not null; counted = counted.Partner)
                {
                    Requests++;
                    var name = FormattableString.Invariant($"{counted.Key} {counted.Version:00}");
                    VersionsSeen[name] = VersionsSeen.GetValueOrDefault(name) + 1;
                }
            }

            foreach (var reason in runner.Explained)
            {
                Explained[reason] = Explained.GetValueOrDefault(reason) + 1;
            }
        }
    }

    private int RequestsSoFar()
    {
        lock (_gate)
        {
            return Requests;
        }
    }

    private bool IsKnown(Mismatch mismatch)
    {
        lock (_gate)
        {
            return Findings.Exists(finding =>
                finding.Mismatch.Difference.Field == mismatch.Difference.Field
                && finding.Mismatch.Difference.Kafka == mismatch.Difference.Kafka
                && finding.Mismatch.Difference.Ours == mismatch.Difference.Ours);
        }
    }
}
