using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// This node's part in the metadata quorum: <c>__cluster_metadata</c>, its epochs, and what is committed of it (KRaft: KIP-595,
/// 630, 853, 996).
/// </summary>
/// <remarks>
/// Inputs   Load, Propose, requests of other members, LogAdvanced (flushed), timers
/// Effects  those of the log, of small files and of peer channels
///
/// Composed here, decided elsewhere: <see cref="QuorumMember"/> keeps what may not be forgotten, each role is one class, and
/// <see cref="QuorumRequests"/> answers the others. A quorum of one goes the same way, alone. Records are shown to the state
/// machine only once the high watermark has passed them, on every member alike.
/// </remarks>
public sealed class MetadataQuorum : IMetadataProposer, ILogListener
{
    public const string Directory = "__cluster_metadata-0";

    /// <summary>Bound on one proposal: Kafka's own bound on one operation.</summary>
    public const int MaxRecordsPerProposal = 10_000;

    /// <summary>Bound on one proposal's bytes.</summary>
    public const int MaxProposalBytes = 8 << 20;

    /// <summary>
    /// Of what is behind the damage the others may have made a majority with this member: a vote of it, and its leadership, would
    /// not know of that.
    /// </summary>
    private const string DamagedLog = Directory + " is damaged in what it had flushed: replace this voter (kafka-metadata-quorum "
        + "remove-controller, an empty directory, add-controller); an only one needs a copy of the directory";

    private const string StateFile = Directory + QuorumMember.StateFile;

    private readonly QuorumEnvironment _environment;
    private readonly QuorumIdentity _identity;
    private readonly ReplayedBatches _replayed;
    private readonly QuorumMember _member;
    private readonly Ticket _active = new();
    private readonly SnapshotDamage _damage;
    private string? _refusal;
    private bool _isLoaded;

    public MetadataQuorum(QuorumEnvironment environment, IMetadataStateMachine machine)
    {
        _environment = environment;
        _identity = new QuorumIdentity(environment);
        _replayed = new ReplayedBatches(machine);
        _member = new QuorumMember(environment, Directory, _ => Listener?.LeaderChanged())
        {
            Tail = new MetadataTail(_replayed, machine),
            WhenActive = BecameActive,
            WhenResigned = () => Listener?.Resigned(),
        };
        _damage = new SnapshotDamage(_member);
        _member.Schedule = new SnapshotSchedule(_member, machine);
        _member.Install = new SnapshotInstall(_member, machine);
        _member.Tail.WhenReplayed = _member.Schedule.Committed;
        Requests = new QuorumRequests(_member);
    }

    public MetaProperties Identity => _identity.Properties;

    public Uuid ClusterId => _identity.Properties.ClusterId;

    /// <summary>A sentence for the operator where this directory cannot be used; null where it can.</summary>
    public string? Refusal => _refusal ?? _replayed.Refusal;

    /// <summary>What other members ask. Only after <see cref="Load"/>.</summary>
    public QuorumRequests Requests { get; }

    public IQuorumListener? Listener { get; set; }

    /// <summary>Told where the state machine cannot follow the committed log: <see cref="Refusal"/> says why.</summary>
    public Action? WhenRefused
    {
        get => _member.WhenRefused;
        set => _member.WhenRefused = value;
    }

    /// <summary>This node's id.</summary>
    public int Self => _member.Self;

    public int Epoch => _member.State.LeaderEpoch;

    /// <summary>-1 where nobody is known to lead this epoch.</summary>
    public int LeaderId => _member.State.LeaderId;

    /// <summary>This node leads, though perhaps not <see cref="IsActive"/> yet.</summary>
    public bool IsLeader => _member.Role is LeaderRole;

    /// <summary>This node leads, and everything before its own epoch is committed and replayed.</summary>
    public bool IsActive => _member.Role is LeaderRole { IsActive: true };

    /// <summary>The leader's controller listener; null where nobody is known to lead, or this node does.</summary>
    public PeerAddress? LeaderAddress => _member.Role.LeaderAddress;

    /// <summary>Who votes as of the log's end.</summary>
    public VoterSet Voters => _member.Voters.Latest;

    /// <summary>Who votes as of the high watermark: nothing takes that back.</summary>
    public VoterSet CommittedVoters => _member.Voters.At(_member.HighWatermark.Value);

    public Offset HighWatermark => _member.HighWatermark;

    public Offset LogEndOffset => _isLoaded ? _member.Log.LogEndOffset : Offset.Zero;

    public long NextOffset => LogEndOffset.Value;

    /// <summary>
    /// True where no metadata record has ever been committed: the cluster has to be given its first ones.
    /// </summary>
    public bool IsNew => _replayed.RecordCount == 0;

    /// <summary>
    /// The records that Kafka's format tool left for the first leader of a new cluster (feature levels, first users);
    /// none where it did not format this directory.
    /// </summary>
    public List<MetadataRecord> BootstrapRecords { get; } = [];

    /// <summary>
    /// Loads everything and begins to take part. Ends when that has begun; a quorum of one is active then. Afterwards
    /// <see cref="Refusal"/> tells whether it worked.
    /// </summary>
    public IEnumerator<Ticket> Load(DiskImage image)
    {
        foreach (var part in new Func<DiskImage, IEnumerator<Ticket>>[]
        {
            LoadIdentity, LoadBootstrap, _member.Snapshots.Load, LoadSnapshot, LoadLog, LoadState,
        })
        {
            var steps = part(image);
            while (steps.MoveNext())
            {
                yield return steps.Current;
            }

            if (Refusal is not null)
            {
                yield break;
            }
        }

        _isLoaded = true;
        _member.Schedule.Begin();
        _member.Enter(Begin);
        if (Voters.All.Count == 1 && _member.IsVoter)
        {
            yield return _active;
        }
    }

    /// <summary>As the interface says; where this node does not lead, the proposal is lost before the call returns.</summary>
    public void Propose(List<MetadataRecord> records, Action whenCommitted, Action? whenLost = null)
    {
        Invariant.Check(records.Count is > 0 and <= MaxRecordsPerProposal);
        if (_member.Role is LeaderRole leader)
        {
            leader.Propose(records, whenCommitted, whenLost);
        }
        else
        {
            whenLost?.Invoke();
        }
    }

    public void LogAdvanced(PartitionLog log, in Now now)
    {
        if (_isLoaded)
        {
            _member.Enter(_member.Role.LogFlushed);
        }
    }

    /// <summary>Raises kraft.version to 1. Why it cannot be done, or null.</summary>
    public string? UpgradeVoters(bool isDryRun) => _member.Role is LeaderRole leader
        ? leader.Change.Upgrade(isDryRun)
        : "This node does not lead the quorum.";

    /// <summary>Whether a node has fetched the log from this one, the leader, so lately.</summary>
    public bool HasFetchedWithin(int node, Duration time) =>
        _member.Role is LeaderRole leader && leader.Progress.HasFetched(node, time);

    public DescribeQuorumResponse Describe(DescribeQuorumRequest request) => QuorumDescription.Of(_member, request);

    /// <summary>Gives the leadership up, flushes and closes the log.</summary>
    public IEnumerator<Ticket> Close()
    {
        if (!_isLoaded)
        {
            yield break;
        }

        if (_member.Role is LeaderRole leader && Voters.All.Count > 1)
        {
            _member.Enter(leader.Resign);
        }

        _member.Close();
        var closing = _member.Log.Close();
        while (closing.MoveNext())
        {
            yield return closing.Current;
        }
    }

    // Loading

    private IEnumerator<Ticket> LoadIdentity(DiskImage image)
    {
        var loading = _identity.Load(image);
        while (loading.MoveNext())
        {
            yield return loading.Current;
        }

        _refusal = _identity.Refusal;
        _member.DirectoryId = _identity.Properties.DirectoryId;
        _member.ClusterId = _identity.Properties.ClusterId.ToString();
        _member.Voters = new VoterHistory(VotersBeforeAll(), _environment.Listener);
    }

    /// <summary>Who votes where no log says so: the configured ones; this node alone where nothing is configured.</summary>
    private VoterSet VotersBeforeAll()
    {
        if (_environment.StaticVoters.Count > 0)
        {
            return VoterSet.Fixed(_environment.StaticVoters, _environment.Listener);
        }

        return _environment.BootstrapServers.Count > 0 || !_environment.MayVote
            ? VoterSet.Empty
            : new VoterSet([_member.AsVoter]);
    }

    private IEnumerator<Ticket> LoadBootstrap(DiskImage image)
    {
        var length = image.LengthOf(BootstrapCheckpoint.FileName);
        if (length <= 0)
        {
            yield break;
        }

        var records = new ReplayedBatches(new Collector(BootstrapRecords));
        var reading = new BatchFile(_environment.Log.Files, BootstrapCheckpoint.FileName, length).Read(records.Take);
        while (reading.MoveNext())
        {
            yield return reading.Current;
        }
    }

    private IEnumerator<Ticket> LoadSnapshot(DiskImage image)
    {
        var choosing = _damage.Check();
        while (choosing.MoveNext())
        {
            yield return choosing.Current;
        }

        if (_member.Snapshots.Kept is not [.., var newest])
        {
            yield break;
        }

        _member.StartAt(new Offset(newest.Id.EndOffset));
        var path = newest.Id.PathIn(Directory);
        var snapshot = new SnapshotReading(_environment.Log.Files, path, newest.File.Length);
        _replayed.SnapshotEnd = newest.Id.EndOffset;
        var reading = snapshot.Read(bytes =>
        {
            _member.Voters.Take(bytes, newest.Id.EndOffset);
            return _replayed.Take(bytes);
        });
        while (reading.MoveNext())
        {
            yield return reading.Current;
        }

        _replayed.SnapshotEnd = null;
        _refusal = snapshot.IsWhole ? null : path + " is damaged";
    }

    /// <summary>
    /// What is behind the snapshot is held back until it is known to be committed; the voters it names count at once.
    /// </summary>
    private IEnumerator<Ticket> LoadLog(DiskImage image)
    {
        var files = _environment.Log;
        var newest = _member.Snapshots.Newest;
        var from = new Offset(newest.EndOffset);
        var log = PartitionLog.Unopened(files, Directory, LogConfigOf(), this, Uuid.Metadata);
        var hints = new OpenHints
        {
            TopicId = Uuid.Metadata,
            LogStartOffset = HasLog(image) ? Offset.Zero : from,
            MustBeWhole = _environment.MayVote,
        };
        var opening = PartitionLog.Open(files, image, log, hints, _environment.Clock);
        while (opening.MoveNext())
        {
            yield return opening.Current;
        }

        if (log.IsDamaged)
        {
            _refusal = DamagedLog;
            yield break;
        }

        _member.Log = log;
        _damage.Compare();
        _refusal = _damage.Refusal
            ?? (log.LogStartOffset > from ? "the metadata log begins behind the newest snapshot" : null);
        if (_refusal is not null)
        {
            yield break;
        }

        foreach (var step in (IEnumerator<Ticket>[])[
            SnapshotInstall.Fit(_member, newest),
            log.ReadAll(from, _member.TakeFromDisk),
            _damage.Repair()])
        {
            while (step.MoveNext())
            {
                yield return step.Current;
            }
        }

        _refusal = _damage.Refusal ?? CheckDirectory();
    }

    /// <summary>A log that was cleared for a snapshot begins where the snapshot ends.</summary>
    private static bool HasLog(DiskImage image)
    {
        foreach (var entry in image.Within(Directory))
        {
            if (LogFileNames.TryParse(entry.Path, LogFileNames.Log, out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Kafka keeps this log without limits of its own; snapshots are what shortens it.</summary>
    private LogConfig LogConfigOf() => new()
    {
        SegmentBytes = _environment.Snapshots.SegmentBytes,
        SegmentMs = _environment.Snapshots.SegmentMs,
        RetentionMs = -1,
        RetentionBytes = -1,
        MaxMessageBytes = int.MaxValue,
        Durability = DurabilityMode.Flush,
    };

    /// <summary>An only voter with another directory can never lead again, and nobody else may.</summary>
    private string? CheckDirectory() =>
        _member.Voters.IsInLog && Voters.All is [var only] && only.Id == _environment.Self.Value
            && !only.Is(only.Id, _member.DirectoryId)
            ? "the voter of the metadata quorum has another directory.id than meta.properties"
            : null;

    private IEnumerator<Ticket> LoadState(DiskImage image)
    {
        var read = AtomicFile.Read(_environment.Log.Files, image, StateFile);
        yield return read;
        var isFixed = _environment.StaticVoters.Count > 0 && !_member.Voters.IsInLog;
        var state = QuorumState.Initial(dataVersion: (short)(isFixed ? 0 : 1));
        if (read.Bytes.Length > 0 && !QuorumState.TryParse(read.Bytes.Span, out state))
        {
            _refusal = StateFile + " is damaged: starting without it could break a vote";
            yield break;
        }

        // A log that was written by hand, or whose quorum-state was removed by an operator, is never behind its records.
        _member.Recover(state.LeaderEpoch < _member.LastEpoch ? state.Entering(_member.LastEpoch) : state);
    }

    private void Begin()
    {
        var state = _member.State;
        QuorumRole role = state.LeaderId == _environment.Self.Value ? new ResignedRole(_member, [])
            : Voters.Find(state.LeaderId) is { } leader ? new FollowerRole(_member, leader.Address)
            : new UnattachedRole(_member) { IsFirst = true };
        _member.Become(state, role);
    }

    private void BecameActive()
    {
        Listener?.BecameActive();
        if (!_active.IsDone)
        {
            _active.Complete();
        }
    }

    private sealed class Collector(List<MetadataRecord> records) : IMetadataReplay
    {
        public bool Replay(in MetadataRecord record, long offset)
        {
            records.Add(record);
            return true;
        }

        public void SetKRaftVersion(short level)
        {
        }
    }
}
