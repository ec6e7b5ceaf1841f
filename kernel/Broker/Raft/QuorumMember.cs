using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Raft;

/// <summary>
/// What all roles of one member of the metadata quorum share: its durable state, its log, who votes, and the changes of role.
/// </summary>
/// <remarks>
/// Inputs   everything that happens to a role, through <see cref="Enter"/>
/// Effects  those of small files, of the log and of peer channels
///
/// The rule a reader would get wrong: what a member must never forget is durable before anything is done on the strength of
/// it. So a change of state closes the entrance: whatever happens meanwhile waits in line until the state is on the disk, as
/// if the write had taken no time. The same holds while the log is being cut.
/// </remarks>
internal sealed class QuorumMember
{
    /// <summary>Bound: inputs that wait for one small file; requests beyond are dropped, and their senders ask again.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>The name of the small file, within the directory of the log.</summary>
    public const string StateFile = "/quorum-state";

    private readonly Queue<Action> _waiting = new();
    private readonly SortedDictionary<string, PeerChannel> _channels = new(StringComparer.Ordinal);
    private readonly string _stateFile;
    private readonly Action<QuorumMember> _whenLeaderChanged;
    private readonly Prng _prng;
    private bool _isHeld;
    private bool _isClosed;
    private (int Epoch, int Leader) _toldLeader = (0, QuorumState.None);

    public QuorumMember(QuorumEnvironment environment, string directory, Action<QuorumMember> whenLeaderChanged)
    {
        Environment = environment;
        _stateFile = directory + StateFile;
        Snapshots = new SnapshotStore(environment, directory);
        _whenLeaderChanged = whenLeaderChanged;
        _prng = environment.Log.Prng.Fork();
        Role = new UnattachedRole(this);
        Voters = new VoterHistory(VoterSet.Empty, environment.Listener);
    }

    public QuorumEnvironment Environment { get; }

    public int Self => Environment.Self.Value;

    public Uuid DirectoryId { get; set; }

    public string ClusterId { get; set; } = "";

    public QuorumState State { get; private set; } = QuorumState.Initial(dataVersion: 1);

    public QuorumRole Role { get; private set; }

    public PartitionLog Log { get; set; } = null!;

    public VoterHistory Voters { get; set; }

    public MetadataTail Tail { get; set; } = null!;

    /// <summary>The whole snapshots; the log may begin where one of them ends.</summary>
    public SnapshotStore Snapshots { get; }

    /// <summary>Who makes them.</summary>
    public SnapshotSchedule Schedule { get; set; } = null!;

    /// <summary>Who puts those of other members in place.</summary>
    public SnapshotInstall Install { get; set; } = null!;

    /// <summary>Everything below is committed, as far as this member knows.</summary>
    public Offset HighWatermark { get; private set; }

    public Instant Now => Environment.Clock.Now.Instant;

    public bool IsVoter => Environment.MayVote && Voters.Latest.Contains(Self, DirectoryId);

    /// <summary>What a voters record should say of this member.</summary>
    public Voter AsVoter => new(Self, DirectoryId, Environment.Endpoints, Environment.Listener);

    /// <summary>
    /// It may stand for election: a voter; and one whose removal is not known to be committed, since nobody else may hold the
    /// record of that, and then the others need its vote and log (Raft dissertation, 4.2.2).
    /// </summary>
    public bool MayStand => IsVoter || (Environment.MayVote
        && Voters.LatestOffset >= HighWatermark.Value && Voters.BeforeLatest.Contains(Self, DirectoryId));

    /// <summary>Epoch of the last record; that of the snapshot where the log is empty behind it; 0 where there is none.</summary>
    public int LastEpoch => Log.LogEndOffset.Value <= Snapshots.Newest.EndOffset
        ? Snapshots.Newest.Epoch
        : int.Max(0, Log.LatestEpoch.Value);

    /// <summary>What the member was before it stopped.</summary>
    public void Recover(QuorumState state) => State = state;

    /// <summary>What a snapshot or the disk shows to be committed.</summary>
    public void StartAt(Offset committed) => HighWatermark = committed;

    // Inputs

    /// <summary>Takes one input, now or when the state of the one before is durable.</summary>
    public void Enter(Action input)
    {
        if (_isClosed)
        {
            return;
        }

        if (_isHeld)
        {
            if (_waiting.Count < MaxWaiting)
            {
                _waiting.Enqueue(input);
            }

            return;
        }

        input();
        Drain();
    }

    /// <summary>Closes the entrance until the work is done; then goes on.</summary>
    public void Hold(IEnumerator<Ticket> work, Action then)
    {
        Invariant.Check(!_isHeld);
        _isHeld = true;
        Routine.Run(work, () =>
        {
            _isHeld = false;
            if (!_isClosed)
            {
                then();
                Drain();
            }
        });
    }

    /// <summary>Nothing is done from now on.</summary>
    public void Close()
    {
        _isClosed = true;
        Role.End();
        Schedule.Close();
        Snapshots.Close();
        foreach (var (_, channel) in _channels)
        {
            channel.Close();
        }
    }

    // Transitions

    /// <summary>Takes another role, once the state is durable where it differs; <paramref name="then"/> follows.</summary>
    public void Become(QuorumState state, QuorumRole role, Action? then = null)
    {
        Invariant.Check(state.LeaderEpoch >= State.LeaderEpoch);
        Role.End();
        Role = role;
        if (state == State)
        {
            Begun(role, then);
            return;
        }

        State = state;
        Hold(AtomicFile.Write(Environment.Log.Files, _stateFile, state.ToBytes()), () => Begun(role, then));
    }

    /// <summary>
    /// Somebody says who leads: follows, or enters the epoch without a leader, where that is news. A member never takes
    /// back what it knew of an epoch, nor follows itself.
    /// </summary>
    public void Learn(int epoch, int leader, PeerAddress? address, Action? then = null)
    {
        var isNewEpoch = epoch > State.LeaderEpoch;
        var isLost = State.LeaderId == leader && Role is (UnattachedRole or ProspectiveRole { HasLeader: false });
        var isNewLeader = epoch == State.LeaderEpoch && leader >= 0 && (!State.HasLeader || isLost);
        if (!isNewEpoch && !isNewLeader)
        {
            then?.Invoke();
            return;
        }

        var state = isNewEpoch ? State.Entering(epoch) : State;
        var where = address ?? Voters.Latest.Find(leader)?.Address;
        if (leader >= 0 && leader != Self && where is { } found)
        {
            Become(state.Led(leader), new FollowerRole(this, found), then);
        }
        else if (isNewEpoch)
        {
            Become(state, new UnattachedRole(this), then);
        }
        else
        {
            then?.Invoke();
        }
    }

    /// <summary>The high watermark has moved to here, or to what of it this log holds.</summary>
    public void CommitTo(Offset offset)
    {
        var committed = Offset.Min(offset, Log.LogEndOffset);
        if (committed > HighWatermark)
        {
            HighWatermark = committed;
            if (!Tail.CommitTo(committed))
            {
                WhenRefused?.Invoke();
                return;
            }

            Schedule.Consider();
        }
    }

    /// <summary>The state machine cannot follow the log: the node must stop.</summary>
    public Action? WhenRefused { get; set; }

    /// <summary>This member leads, and everything before its epoch is committed and replayed.</summary>
    public Action? WhenActive { get; set; }

    /// <summary>It was active and does not lead any more; told before the proposals under way are.</summary>
    public Action? WhenResigned { get; set; }

    /// <summary>A batch that the log held when it was opened.</summary>
    public void TakeFromDisk(in RecordBatchView batch)
    {
        Voters.Take(batch);
        Tail.Add(batch.BaseOffset, batch.NextOffset, batch.Bytes.ToArray());
    }

    // Tools of the roles

    /// <summary>Between this and twice this, drawn anew.</summary>
    public Duration Jittered(Duration least) => new(_prng.Between(least.Microseconds, 2 * least.Microseconds));

    public Duration Between(Duration least, Duration most) => new(_prng.Between(least.Microseconds, most.Microseconds));

    public int Draw(int bound) => _prng.Next(bound);

    /// <summary>One connection per member and purpose, kept.</summary>
    public PeerChannel Channel(in PeerAddress address, string purpose)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{purpose} {address.NodeId} {address.Host}:{address.Port}");
        if (!_channels.TryGetValue(key, out var channel))
        {
            channel = Environment.Peers.Open(address, purpose);
            _channels.Add(key, channel);
        }

        return channel;
    }

    private void Begun(QuorumRole role, Action? then)
    {
        if (ReferenceEquals(role, Role))
        {
            role.Begin();
        }

        if (_toldLeader != (State.LeaderEpoch, State.LeaderId))
        {
            _toldLeader = (State.LeaderEpoch, State.LeaderId);
            _whenLeaderChanged(this);
        }

        then?.Invoke();
    }

    private void Drain()
    {
        while (!_isHeld && !_isClosed && _waiting.TryDequeue(out var input))
        {
            input();
        }
    }
}
