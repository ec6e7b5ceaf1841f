using System;
using System.Collections.Generic;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Checks;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>When a member commits, and how long it stays.</summary>
public sealed record MemberPlan(TopicPlan Topic, ValueRange CommitEvery, ValueRange StaysFor);

/// <summary>
/// One member of a consumer group: reads what it owns, commits now and then, leaves and comes back now and then.
/// Notes each
/// record with the generation it was read in, every commit, and every committed offset it was told.
/// </summary>
public sealed class GroupProgram : MachineProgram
{
    private readonly History _history;
    private readonly ConsumerMachine _machine;
    private readonly MemberPlan _plan;
    private readonly int _group;
    private readonly int _number;
    private readonly List<(int Index, int Partition, long Offset)> _commits = [];
    private readonly HashSet<(int Generation, int Partition)> _begun = [];
    private Instant _commitAt;
    private Instant _leaveAt;
    private Instant _fetchAskedAt;
    private MembershipState _state;

    public GroupProgram(History history, MemberPlan plan, ConsumerOptions options, int number)
    {
        _history = history;
        _plan = plan;
        _number = number;
        _group = history.Group(options.GroupId!);
        _machine = new ConsumerMachine(options, Effects);
    }

    public long Read { get; private set; }

    public long Commits { get; private set; }

    public bool IsStopped { get; set; }

    /// <summary>Owns what the last generation gave it and has read all of it.</summary>
    public bool IsAtEnd
    {
        get
        {
            if (Membership.State != MembershipState.Stable)
            {
                return false;
            }

            foreach (var position in _machine.Positions)
            {
                if (position.HighWatermark < 0 || position.Offset < position.HighWatermark)
                {
                    return false;
                }
            }

            return true;
        }
    }

    public string Waiting => FormattableString.Invariant($"member {_number} is {Membership.State}");

    protected override Instant OwnDeadline => IsStopped ? _commitAt : Instant.Min(_commitAt, _leaveAt);

    private GroupMembership Membership => _machine.Group!;

    protected override void Begin()
    {
        Membership.Subscribe(_plan.Topic.Name);
        _commitAt = Seat.Now.Instant + new Duration(_plan.CommitEvery.Draw(Seat.Prng));
        _leaveAt = Seat.Now.Instant + new Duration(_plan.StaysFor.Draw(Seat.Prng));
    }

    protected override void Take(in Now now, in ClientInput input)
    {
        _machine.Step(now, input);
        NoteMembership();
        NoteRecords();
        NoteCommits();
        if (now.Instant >= _commitAt)
        {
            _commitAt = now.Instant + new Duration(_plan.CommitEvery.Draw(Seat.Prng));
            Commit();
        }

        if (!IsStopped && now.Instant >= _leaveAt)
        {
            _leaveAt = now.Instant + new Duration(_plan.StaysFor.Draw(Seat.Prng));
            Membership.Leave();
            NoteMembership();
        }
    }

    private void NoteMembership()
    {
        var state = Membership.State;
        if (state == MembershipState.Fetching && _state != MembershipState.Fetching)
        {
            _fetchAskedAt = WorldNow;
        }

        if (state == MembershipState.Stable && _state != MembershipState.Stable)
        {
            // Joining again may end in the same generation; reading begins at what is committed all the same.
            _begun.Clear();
            foreach (var position in _machine.Positions)
            {
                // A partition without a commit has no position yet: -1, and auto.offset.reset decides.
                _history.CommitFetched(_group, Index(position), position.Offset, _fetchAskedAt, WorldNow);
            }
        }

        _state = state;
    }

    private void NoteRecords()
    {
        foreach (var position in _machine.Positions)
        {
            if (position.HighWatermark >= 0)
            {
                _history.HighWatermarks.Add((Index(position), _number, position.HighWatermark, WorldNow));
            }
        }

        foreach (var record in _machine.Records)
        {
            Read++;
            var name = FormattableString.Invariant($"{record.Topic}-{record.Partition}");
            if (!RecordText.TryRead(record.Value, out var id))
            {
                var what = FormattableString.Invariant($"{name}: offset {record.Offset} holds bytes that nobody sent");
                Seat.World.Fail(FailureKind.Safety, "content", what);
                return;
            }

            var partition = _history.Partition(name);
            if (_begun.Add((Membership.Generation, partition)))
            {
                AddRead(partition, record.Offset, -1);
            }

            AddRead(partition, record.Offset, id);
        }

        _machine.Records.Clear();
        _machine.Truncations.Clear();
    }

    private void AddRead(int partition, long offset, long id) =>
        _history.Reads.Add(new ReadRecord(_number, partition, offset, id, WorldNow)
        {
            Group = _group,
            Generation = Membership.Generation,
        });

    private void Commit()
    {
        if (_machine.Positions.Count == 0 || !Membership.Commit())
        {
            return;
        }

        _commits.Clear();
        foreach (var position in _machine.Positions)
        {
            if (position.Offset >= 0)
            {
                var index = _history.AskCommit(_group, Index(position), position.Offset, WorldNow);
                _commits.Add((index, Index(position), position.Offset));
            }
        }
    }

    private void NoteCommits()
    {
        foreach (var (topic, partition, offset) in Membership.Committed)
        {
            var index = _history.Partition(FormattableString.Invariant($"{topic}-{partition}"));
            foreach (var commit in _commits)
            {
                if (commit.Partition == index && commit.Offset == offset)
                {
                    Commits++;
                    _history.CommitAnswered(commit.Index, isRefused: false, WorldNow);
                }
            }
        }

        Membership.Committed.Clear();
    }

    private int Index(ConsumerPosition position) =>
        _history.Partition(FormattableString.Invariant($"{position.Topic}-{position.Partition}"));
}
