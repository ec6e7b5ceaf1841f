using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>commits-survive</c>: a committed offset that was confirmed is what the group is told later, until a later commit
/// changes it; through every crash.
/// </summary>
/// <remarks>
/// 1. What a fetch answers is the offset of some commit that may be the last one at that time: one that was not yet
///    known
///    to be replaced when the fetch was asked, and that had been asked for when it was answered.
/// 2. "None" is an answer only while no commit is confirmed.
/// <c>__consumer_offsets</c> is flushed, so the topic's own durability mode does not matter here.
/// </remarks>
public sealed class CommittedOffsetsSurvive : ICheck
{
    public string Name => "commits-survive";

    public void Judge(History history, Contract contract, Verdict verdict)
    {
        if (contract.DisksLie)
        {
            return;
        }

        var commits = new SortedDictionary<(int Group, int Partition), List<CommittedOffset>>();
        foreach (var commit in history.Commits)
        {
            if (commit.IsFetch || commit.IsRefused)
            {
                continue;
            }

            var key = (commit.Group, commit.Partition);
            if (!commits.TryGetValue(key, out var list))
            {
                commits.Add(key, list = []);
            }

            list.Add(commit);
        }

        foreach (var fetch in history.Commits)
        {
            if (fetch.IsFetch
                && !contract.IsGone(fetch.Partition)
                && !IsPossible(fetch, commits.GetValueOrDefault((fetch.Group, fetch.Partition))))
            {
                var name = $"{history.Groups[fetch.Group]}/{history.Partitions[fetch.Partition]}";
                verdict.Report(Name, $"{name}: {fetch.Offset}, answered at {fetch.AnsweredAt}, no commit explains");
            }
        }
    }

    private static bool IsPossible(in CommittedOffset fetch, List<CommittedOffset>? commits)
    {
        var isNonePossible = true;
        var isFound = false;
        foreach (var commit in commits ?? [])
        {
            if (commit.AnsweredAt < fetch.AskedAt)
            {
                isNonePossible = false;
            }

            if (commit.Offset == fetch.Offset
                && commit.AskedAt <= fetch.AnsweredAt
                && !IsReplaced(commit, fetch, commits!))
            {
                isFound = true;
            }
        }

        return fetch.Offset < 0 ? isNonePossible : isFound;
    }

    /// <summary>
    /// Another commit was asked for after this one was confirmed, and confirmed before the fetch was asked.
    /// </summary>
    private static bool IsReplaced(in CommittedOffset commit, in CommittedOffset fetch, List<CommittedOffset> commits)
    {
        foreach (var later in commits)
        {
            if (later.AskedAt > commit.AnsweredAt && later.AnsweredAt < fetch.AskedAt)
            {
                return true;
            }
        }

        return false;
    }
}
