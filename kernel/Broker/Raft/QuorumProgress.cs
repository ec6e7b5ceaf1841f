using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>How far each member that fetches from this leader has come, and when it was last heard of.</summary>
/// <remarks>
/// Bound: <see cref="MaxObservers"/>; the observer that was silent longest is forgotten first. A voter whose directory was
/// replaced does not count with what its old directory held.
/// </remarks>
internal sealed class QuorumProgress(QuorumMember member)
{
    public const int MaxObservers = 10_000;

    private readonly SortedDictionary<(int Id, Uuid Directory), Replica> _replicas = [];
    private readonly SortedSet<int> _acknowledged = [];
    private readonly Instant _began = member.Now;

    /// <summary>Everybody that ever fetched in this epoch.</summary>
    public IReadOnlyCollection<KeyValuePair<(int Id, Uuid Directory), Replica>> Replicas => _replicas;

    /// <summary>It fetches a snapshot: it is alive, and holds what it held.</summary>
    public void Heard(int id, Uuid directory)
    {
        if (id >= 0)
        {
            var replica = FindOrAdd(id, directory);
            replica.FetchedAt = member.Now;
            replica.FetchedWallMs = member.Environment.Clock.Now.WallMs;
        }
    }

    public void Fetched(int id, Uuid directory, Offset offset)
    {
        if (id < 0)
        {
            return;
        }

        var replica = FindOrAdd(id, directory);
        var end = member.Log.LogEndOffset;
        if (offset >= end || (replica.EndAtLastFetch is { } then && offset >= then))
        {
            replica.CaughtUpAt = offset >= end ? member.Now : replica.FetchedAt;
            replica.CaughtUpWallMs = offset >= end ? member.Environment.Clock.Now.WallMs : replica.FetchedWallMs;
        }

        replica.End = offset;
        replica.FetchedAt = member.Now;
        replica.FetchedWallMs = member.Environment.Clock.Now.WallMs;
        replica.EndAtLastFetch = end;
    }

    /// <summary>A voter has answered to the announcement of the epoch.</summary>
    public void Acknowledged(int voter) => _acknowledged.Add(voter);

    /// <summary>Voters that neither fetched nor answered yet.</summary>
    public List<Voter> Unaware()
    {
        var unaware = new List<Voter>();
        foreach (var voter in member.Voters.Latest.All)
        {
            if (voter.Id != member.Self && !_acknowledged.Contains(voter.Id) && Find(voter) is null)
            {
                unaware.Add(voter);
            }
        }

        return unaware;
    }

    /// <summary>The largest offset that a majority of the voters holds; the leader's own share is given.</summary>
    public Offset HeldByMajority(Offset own)
    {
        var voters = member.Voters.Latest;
        var offsets = new List<Offset>(voters.All.Count);
        foreach (var voter in voters.All)
        {
            offsets.Add(voter.Is(member.Self, member.DirectoryId) ? own : Find(voter)?.End ?? Offset.Zero);
        }

        offsets.Sort();
        return offsets.Count == 0 ? Offset.Zero : offsets[^voters.Majority];
    }

    /// <summary>Whether a majority of the voters, this one among them, has fetched since then.</summary>
    public bool HasQuorumSince(Instant since)
    {
        var voters = member.Voters.Latest;
        var heard = 0;
        foreach (var voter in voters.All)
        {
            var isHeard = voter.Is(member.Self, member.DirectoryId)
                || (Find(voter) is { } replica && replica.FetchedAt >= since)
                || _began >= since;
            heard += isHeard ? 1 : 0;
        }

        return heard >= voters.Majority;
    }

    /// <summary>Whether this node, voter or observer, has fetched so lately, with whatever directory.</summary>
    public bool HasFetched(int id, Duration within)
    {
        foreach (var (key, replica) in _replicas)
        {
            if (key.Id == id && replica.FetchedAt + within >= member.Now)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The other voters, the one with the longest log first.</summary>
    public List<Voter> OthersByProgress()
    {
        var others = new List<(long End, Voter Voter)>();
        foreach (var voter in member.Voters.Latest.All)
        {
            if (voter.Id != member.Self)
            {
                others.Add((Find(voter)?.End.Value ?? -1, voter));
            }
        }

        others.Sort((left, right) => left.End != right.End
            ? right.End.CompareTo(left.End)
            : left.Voter.Id.CompareTo(right.Voter.Id));
        var sorted = new List<Voter>(others.Count);
        foreach (var (_, voter) in others)
        {
            sorted.Add(voter);
        }

        return sorted;
    }

    /// <summary>It held the whole log when it last fetched, and has fetched lately.</summary>
    public bool IsAtEnd(in Voter voter) =>
        Find(voter) is { } replica
        && replica.End >= member.Log.LogEndOffset
        && replica.FetchedAt + member.Environment.Timeouts.Fetch >= member.Now;

    /// <summary>Directory with which a voter fetched last; zero where it has not fetched in this epoch.</summary>
    public Uuid DirectoryOf(in Voter voter)
    {
        var latest = Find(voter);
        foreach (var (key, replica) in _replicas)
        {
            if (ReferenceEquals(replica, latest))
            {
                return key.Directory;
            }
        }

        return Uuid.Zero;
    }

    private Replica? Find(in Voter voter)
    {
        Replica? found = null;
        foreach (var (key, replica) in _replicas)
        {
            if (voter.Is(key.Id, key.Directory) && (found is null || replica.FetchedAt >= found.FetchedAt))
            {
                found = replica;
            }
        }

        return found;
    }

    private Replica FindOrAdd(int id, Uuid directory)
    {
        var key = (id, directory);
        if (!_replicas.TryGetValue(key, out var replica))
        {
            if (_replicas.Count >= MaxObservers)
            {
                ForgetOldest();
            }

            replica = new Replica();
            _replicas.Add(key, replica);
        }

        return replica;
    }

    private void ForgetOldest()
    {
        var oldest = default((int, Uuid));
        var at = Instant.Never;
        foreach (var (key, replica) in _replicas)
        {
            if (replica.FetchedAt < at && !member.Voters.Latest.Contains(key.Id, key.Directory))
            {
                (oldest, at) = (key, replica.FetchedAt);
            }
        }

        _replicas.Remove(oldest);
    }

    /// <summary>One member as this leader sees it.</summary>
    internal sealed class Replica
    {
        public Offset End { get; set; }

        public Offset? EndAtLastFetch { get; set; }

        public Instant FetchedAt { get; set; }

        public Instant CaughtUpAt { get; set; }

        public long FetchedWallMs { get; set; } = -1;

        public long CaughtUpWallMs { get; set; } = -1;
    }
}
