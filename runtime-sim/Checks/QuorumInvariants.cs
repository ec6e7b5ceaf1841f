using System;
using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// Raft's own invariants over all members of the metadata quorum, looked at whenever one of them has moved.
/// </summary>
/// <remarks>
/// Inputs   Look, after each event of a node
/// Effects  a sentence where something is broken
///
/// C-ONELEADER  no two nodes lead one epoch, nor one node in two lives
/// C-EPOCH      a member's epoch and high watermark never fall while it lives
/// C-RAFT       who leads votes, or did before the last change of voters, and no longer than its removal takes to be committed;
///              who leads without a majority that hears it ceases to, in time;
///              what is committed is the same on every member, who votes as of it, too, and a majority of the disks of those who
///              vote holds what a leader has committed
/// </remarks>
public sealed class QuorumInvariants(World world)
{
    private readonly SortedDictionary<int, (int Node, int Life)> _leaders = [];
    private readonly CommittedLog _committed = new();
    private readonly SortedDictionary<long, string> _voters = [];
    private (long HighWatermark, VoterSet Voters, VoterSet Before) _latest = (-1, VoterSet.Empty, VoterSet.Empty);
    private readonly List<Member> _members = [];

    /// <summary>Much longer than 1.5 fetch time-outs.</summary>
    private static readonly Duration TimeToResign = Duration.FromSeconds(7);
    private static readonly Duration LongestGap = Duration.FromSeconds(1);
    private (int Epoch, Instant At) _newest = (-1, Instant.Zero);

    /// <summary>Committed metadata batches that two members were seen to agree about.</summary>
    public long Compared => _committed.Compared;

    /// <summary>Null, or what this node's last step broke.</summary>
    public string? Look(NodeProcess node, MetadataQuorum quorum)
    {
        while (_members.Count <= node.Host)
        {
            _members.Add(new Member(world.Nodes[_members.Count]));
        }

        var member = _members[node.Host];
        if (member.Life != node.Lives)
        {
            member.Reborn(node.Lives);
        }

        member.Directory = quorum.Identity.DirectoryId;

        if (quorum.IsLeader && IsDeposed(member, quorum))
        {
            return FormattableString.Invariant(
                $"C-RAFT: it leads epoch {quorum.Epoch} on, though {_newest.Epoch} was led long ago");
        }

        var highWatermark = quorum.HighWatermark.Value;
        if (quorum.Epoch == member.Epoch && highWatermark == member.HighWatermark && quorum.IsLeader == member.IsLeader)
        {
            member.Voters = quorum.Voters;
            return null;
        }

        var wrong = Judge(member, node, quorum, highWatermark);
        member.Epoch = quorum.Epoch;
        member.HighWatermark = highWatermark;
        member.IsLeader = quorum.IsLeader;
        member.Voters = quorum.Voters;
        return wrong;
    }

    /// <summary>
    /// It had time enough to see that no majority hears it, and did not (check-quorum). Time in which it stood still does not
    /// count.
    /// </summary>
    private bool IsDeposed(Member member, MetadataQuorum quorum)
    {
        if (quorum.Epoch >= _newest.Epoch)
        {
            _newest = quorum.Epoch > _newest.Epoch ? (quorum.Epoch, world.Now) : _newest;
            member.Alone = Duration.Zero;
            member.SeenAt = world.Now;
            return false;
        }

        var since = member.SeenAt > _newest.At ? member.SeenAt : _newest.At;
        var gap = world.Now - since;
        member.Alone += gap < LongestGap ? gap : LongestGap;
        member.SeenAt = world.Now;
        return member.Alone > TimeToResign;
    }

    /// <summary>Every node runs and knows the same voters, and no change of them is under way.</summary>
    public bool AreVotersAgreed()
    {
        string? agreed = null;
        foreach (var node in world.Nodes)
        {
            if (node.Kernel is not Node { Broker.Quorum: var quorum })
            {
                return false;
            }

            agreed ??= quorum.Voters.ToString();
            if (agreed != quorum.Voters.ToString() || agreed != quorum.CommittedVoters.ToString())
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Besides, every voter runs with the disk that votes, and has on it all that anybody's log holds: one of them may be taken
    /// away, and what it has acknowledged, and nobody heard of yet, with it.
    /// </summary>
    public bool AreVotersWhole()
    {
        var end = 0L;
        foreach (var node in world.Nodes)
        {
            if (node.Kernel is Node { Broker.Quorum: var quorum })
            {
                end = Math.Max(end, quorum.LogEndOffset.Value);
            }
        }

        if (end == 0 || !AreVotersAgreed() || world.Nodes[^1].Kernel is not Node { Broker.Quorum.Voters.All: var voters })
        {
            return false;
        }

        foreach (var voter in voters)
        {
            var host = voter.Id - 1;
            if (host >= _members.Count || !_members[host].IsNow(voter) || _members[host].DurableEndOf(voter) < end)
            {
                return false;
            }
        }

        return voters.Count > 2;
    }

    private string? Judge(Member member, NodeProcess node, MetadataQuorum quorum, long highWatermark)
    {
        if (quorum.Epoch < member.Epoch)
        {
            return FormattableString.Invariant($"C-EPOCH: quorum epoch {quorum.Epoch} after {member.Epoch}");
        }

        if (highWatermark < member.HighWatermark)
        {
            return FormattableString.Invariant(
                $"C-RAFT: quorum high watermark {highWatermark} after {member.HighWatermark}");
        }

        if (quorum.IsLeader && !_leaders.TryAdd(quorum.Epoch, (node.Host, node.Lives))
            && _leaders[quorum.Epoch] != (node.Host, node.Lives))
        {
            return FormattableString.Invariant(
                $"C-ONELEADER: it leads epoch {quorum.Epoch}, which {_leaders[quorum.Epoch]} leads");
        }

        if (quorum.IsLeader && !member.IsLeader && !MayLead(quorum))
        {
            return FormattableString.Invariant($"C-RAFT: it leads epoch {quorum.Epoch} and votes in no set that counts");
        }

        if (highWatermark == member.HighWatermark)
        {
            return null;
        }

        // A member that starts knows its newest snapshot before it has made the log on its disk fit that.
        var isLoaded = quorum.LogEndOffset.Value > 0;
        if (isLoaded && _committed.Judge(member.Written, long.MaxValue, highWatermark) is { } differs)
        {
            return "C-RAFT: the metadata log is " + differs;
        }

        var voters = quorum.CommittedVoters.ToString();
        if (!_voters.TryAdd(highWatermark, voters) && _voters[highWatermark] != voters)
        {
            return FormattableString.Invariant(
                $"C-RAFT: at {highWatermark} these vote: {voters}; and somewhere else these: {_voters[highWatermark]}");
        }

        if (highWatermark > _latest.HighWatermark)
        {
            var isChange = _latest.Voters.ToString() != voters;
            _latest = (highWatermark, quorum.CommittedVoters, isChange ? _latest.Voters : _latest.Before);
        }

        if (quorum.IsActive && !quorum.Voters.Contains(quorum.Self, quorum.Identity.DirectoryId)
            && !quorum.CommittedVoters.Contains(quorum.Self, quorum.Identity.DirectoryId))
        {
            return FormattableString.Invariant($"C-RAFT: its removal is committed, and it leads epoch {quorum.Epoch} on");
        }

        return quorum.IsLeader ? JudgeMajority(member, quorum, highWatermark) : null;
    }

    /// <summary>
    /// In its own set, or in one of the last two that anybody saw committed: who was removed may not know that it is final.
    /// </summary>
    private bool MayLead(MetadataQuorum quorum)
    {
        var self = quorum.Self;
        var directory = quorum.Identity.DirectoryId;
        return quorum.Voters.Contains(self, directory)
            || _latest.Voters.Contains(self, directory) || _latest.Before.Contains(self, directory);
    }

    /// <summary>
    /// Several inputs may have been taken since the last look: what was committed by the voters of then may be followed by a
    /// change of them.
    /// </summary>
    private string? JudgeMajority(Member member, MetadataQuorum quorum, long highWatermark) =>
        JudgeMajority(quorum.Voters, highWatermark) is { } broken
            && (member.Voters is not { } before || JudgeMajority(before, highWatermark) is not null)
                ? broken
                : null;

    private string? JudgeMajority(VoterSet set, long highWatermark)
    {
        var voters = 0;
        var holders = 0;
        foreach (var voter in set.All)
        {
            var host = voter.Id - 1;
            if (host >= _members.Count)
            {
                // A voter that never ran holds nothing.
                voters++;
                continue;
            }

            voters++;
            holders += _members[host].DurableEndOf(voter) >= highWatermark ? 1 : 0;
        }

        return holders * 2 > voters
            ? null
            : FormattableString.Invariant(
                $"C-RAFT: the leader has committed {highWatermark}, which {holders} of {voters} disks hold");
    }

    /// <summary>One member: what was last seen of it, and its log on its disk.</summary>
    private sealed class Member(NodeProcess node)
    {
        private readonly LogCursor _durable = new(node.Disk, MetadataQuorum.Directory);
        private int _swaps;

        public int Life { get; private set; }

        /// <summary>Identity of the disk with which it was last seen to run; zero before that.</summary>
        public Uuid Directory { get; set; }

        public int Epoch { get; set; } = -1;

        public long HighWatermark { get; set; } = -1;

        public bool IsLeader { get; set; }

        /// <summary>How long it has led, as far as it knew, while somebody led a later epoch.</summary>
        public Duration Alone { get; set; }

        public Instant SeenAt { get; set; }

        /// <summary>Who voted, as it saw it at the last look of this life.</summary>
        public VoterSet? Voters { get; set; }

        public LogCursor Written { get; } = new(node.Disk, MetadataQuorum.Directory);

        public void Reborn(int life)
        {
            Life = life;
            Epoch = -1;
            HighWatermark = -1;
            IsLeader = false;
            Voters = null;
            Alone = Duration.Zero;
            SeenAt = Instant.Zero;
            Written.Restart();
            _durable.Restart();
        }

        public bool IsNow(Voter voter) => Directory != Uuid.Zero && voter.DirectoryId == Directory;

        /// <summary>Where the log of this voter ends after a power loss: nowhere, once its disk is another.</summary>
        public long DurableEndOf(Voter voter)
        {
            if (_swaps != node.Swaps)
            {
                _swaps = node.Swaps;
                _durable.Restart();
            }

            while (_durable.TryPeek(durable: true, out var batch))
            {
                _durable.Take(batch);
            }

            return voter.Is(voter.Id, Directory) ? _durable.Next : 0;
        }
    }
}
