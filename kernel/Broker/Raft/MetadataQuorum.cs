using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// This node's part in the metadata quorum: <c>__cluster_metadata</c>, its epochs, and what is committed of it.
/// </summary>
/// <remarks>
/// Inputs   Load, Propose, LogAdvanced (flushed)
/// Effects  those of the log and of small files
///
/// The quorum has one voter so far, so this node leads from the moment it is up. Everything is nevertheless done as a
/// quorum does it: a new epoch at every start, durable in <c>quorum-state</c> before anything is written in it; a
/// LeaderChange record first; records shown to the state machine only once the high watermark has passed them.
/// </remarks>
public sealed class MetadataQuorum : IMetadataProposer, ILogListener
{
    public const string Directory = "__cluster_metadata-0";

    /// <summary>Bound on one proposal: Kafka's own bound on one operation.</summary>
    public const int MaxRecordsPerProposal = 10_000;

    /// <summary>Bound on one proposal's bytes.</summary>
    public const int MaxProposalBytes = 8 << 20;

    private const string StateFile = Directory + "/quorum-state";
    private const string BootstrapFile = "bootstrap.checkpoint";
    private const string ControllerListener = "CONTROLLER";

    private readonly QuorumEnvironment _environment;
    private readonly IMetadataStateMachine _machine;
    private readonly QuorumIdentity _identity;
    private readonly ReplayedBatches _replayed;
    private readonly RecordBatchBuilder _builder = new(2 * MaxProposalBytes);
    private readonly Queue<Proposal> _proposals = new();
    private PartitionLog? _log;
    private QuorumLeader? _leader;

    public MetadataQuorum(QuorumEnvironment environment, IMetadataStateMachine machine)
    {
        _environment = environment;
        _machine = machine;
        _identity = new QuorumIdentity(environment);
        _replayed = new ReplayedBatches(machine);
    }

    public MetaProperties Identity => _identity.Properties;

    public Uuid ClusterId => _identity.Properties.ClusterId;

    /// <summary>A sentence for the operator where this directory cannot be used; null where it can.</summary>
    public string? Refusal { get; private set; }

    public int Epoch => _leader?.Epoch ?? 0;

    public Offset HighWatermark => _leader?.HighWatermark ?? Offset.Zero;

    public long NextOffset => _log?.LogEndOffset.Value ?? 0;

    /// <summary>
    /// True where no metadata record has ever been committed: the cluster has to be given its first ones.
    /// </summary>
    public bool IsNew => _replayed.RecordCount == 0;

    /// <summary>
    /// Loads everything, enters a new epoch, and leads. Afterwards <see cref="Refusal"/> tells whether it worked.
    /// </summary>
    public IEnumerator<Ticket> Load(DiskImage image)
    {
        foreach (var part in new Func<DiskImage, IEnumerator<Ticket>>[]
        {
            LoadIdentity, LoadSnapshot, LoadLog, EnterEpoch,
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
    }

    /// <summary>
    /// The records that Kafka's format tool left for the first leader of a new cluster (feature levels, first users);
    /// none where it did not format this directory.
    /// </summary>
    public IEnumerator<Ticket> ReadBootstrap(DiskImage image, List<MetadataRecord> records)
    {
        var length = image.LengthOf(BootstrapFile);
        if (length <= 0)
        {
            yield break;
        }

        var replayed = new ReplayedBatches(new Collector(records));
        var reading = new BatchFile(_environment.Log.Files, BootstrapFile, length).Read(replayed.Take);
        while (reading.MoveNext())
        {
            yield return reading.Current;
        }
    }

    public void Propose(List<MetadataRecord> records, Action whenCommitted, Action? whenLost = null)
    {
        Invariant.Check(_log is not null && records.Count is > 0 and <= MaxRecordsPerProposal);
        var now = _environment.Clock.Now;
        _builder.Begin(new BatchOptions());
        foreach (var record in records)
        {
            var value = Protocol.MetadataRecords.ToArray(record.Message, record.Version);
            var isAppended = _builder.TryAppend(now.WallMs, NullableBytes.Null, value);
            Invariant.Check(isAppended);
        }

        var first = _log.LogEndOffset;
        Append(_builder.Build().ToArray());
        _proposals.Enqueue(new Proposal(records, first, whenCommitted));
    }

    public void LogAdvanced(PartitionLog log, in Now now)
    {
        if (_leader is null || !_leader.Flushed(log.FlushedOffset))
        {
            return;
        }

        while (_proposals.TryPeek(out var first) && first.First + first.Records.Count <= HighWatermark)
        {
            _proposals.Dequeue();
            for (var i = 0; i < first.Records.Count; i++)
            {
                var isReplayed = _machine.Replay(first.Records[i], (first.First + i).Value);
                Invariant.Check(isReplayed);
            }

            first.WhenCommitted();
        }
    }

    /// <summary>Flushes and closes the log.</summary>
    public IEnumerator<Ticket> Close()
    {
        if (_log is null)
        {
            yield break;
        }

        var closing = _log.Close();
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

        Refusal = _identity.Refusal;
    }

    private IEnumerator<Ticket> LoadSnapshot(DiskImage image)
    {
        var (_, path, length) = SnapshotId.Newest(image, Directory);
        if (path.Length == 0)
        {
            yield break;
        }

        var file = new BatchFile(_environment.Log.Files, path, length);
        var reading = file.Read(_replayed.Take);
        while (reading.MoveNext())
        {
            yield return reading.Current;
        }

        Refusal = _replayed.Refusal ?? (file.IsWholeFileValid ? null : path + " is damaged");
    }

    private IEnumerator<Ticket> LoadLog(DiskImage image)
    {
        var files = _environment.Log;
        var from = new Offset(SnapshotId.Newest(image, Directory).Id.EndOffset);
        var log = PartitionLog.Unopened(files, Directory, LogConfigOf(), this, Uuid.Metadata);
        var hints = new OpenHints { TopicId = Uuid.Metadata, LogStartOffset = HasLog(image) ? Offset.Zero : from };
        var opening = PartitionLog.Open(files, image, log, hints, _environment.Clock);
        while (opening.MoveNext())
        {
            yield return opening.Current;
        }

        var reading = log.ReadAll(from, _replayed.Take);
        while (reading.MoveNext())
        {
            yield return reading.Current;
        }

        _log = log;
        Refusal = _replayed.Refusal ?? CheckVoters();
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
    private static LogConfig LogConfigOf() => new()
    {
        RetentionMs = -1,
        RetentionBytes = -1,
        MaxMessageBytes = int.MaxValue,
        Durability = DurabilityMode.Flush,
    };

    private string? CheckVoters()
    {
        if (_replayed.Voters is not { } voters)
        {
            return null;
        }

        if (voters.Voters.Count != 1 || voters.Voters[0].VoterId != _environment.Self.Value)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"the metadata quorum of this directory has {voters.Voters.Count} voters: "
                + $"this release serves a quorum of one");
        }

        return voters.Voters[0].VoterDirectoryId == _identity.Properties.DirectoryId
            ? null
            : "the voter of the metadata quorum has another directory.id than meta.properties";
    }

    // The new epoch

    private IEnumerator<Ticket> EnterEpoch(DiskImage image)
    {
        var read = AtomicFile.Read(_environment.Log.Files, image, StateFile);
        yield return read;
        var state = QuorumState.Initial(dataVersion: 1);
        if (read.Bytes.Length > 0 && !QuorumState.TryParse(read.Bytes.Span, out state))
        {
            Refusal = StateFile + " is damaged: starting without it could break a vote";
            yield break;
        }

        var epoch = int.Max(state.LeaderEpoch, _replayed.LastEpoch) + 1;
        var leading = state.Leading(epoch, _environment.Self.Value);
        var writing = AtomicFile.Write(_environment.Log.Files, StateFile, leading.ToBytes());
        while (writing.MoveNext())
        {
            yield return writing.Current;
        }

        _leader = new QuorumLeader(_environment.Self.Value, [_environment.Self.Value], epoch, _log!.LogEndOffset);
        _log.AssignEpochStart(new LeaderEpoch(epoch));
        var committed = new Ticket();
        Append(LeaderChange());
        _proposals.Enqueue(new Proposal([], _log.LogEndOffset, () => committed.Complete()));
        yield return committed;
        _machine.SetKRaftVersion(KRaftVersion);
    }

    /// <summary>
    /// A directory without voters is either new, and gets this release's level, or of the fixed-voter kind.
    /// </summary>
    private short KRaftVersion => _replayed.Voters is null && !IsNew ? _replayed.KRaftVersion : (short)1;

    /// <summary>
    /// The first batch of an epoch: who leads, and, where the log does not say so yet, who may vote.
    /// </summary>
    private byte[] LeaderChange()
    {
        var now = _environment.Clock.Now.WallMs;
        var self = new LeaderChangeMessage.Voter { VoterId = _environment.Self.Value };
        var change = new LeaderChangeMessage
        {
            LeaderId = _environment.Self.Value,
            Voters = [self],
            GrantingVoters = [self],
        };
        _builder.Begin(new BatchOptions { IsControl = true });
        AppendControl(now, ControlRecordType.LeaderChange, change);
        if (KRaftVersion > 0 && _replayed.Voters is null)
        {
            AppendControl(now, ControlRecordType.KRaftVersion, new KRaftVersionRecord { KRaftVersion = KRaftVersion });
            AppendControl(now, ControlRecordType.KRaftVoters, SelfAsVoter());
        }

        return _builder.Build().ToArray();
    }

    private VotersRecord SelfAsVoter()
    {
        var endpoint = new VotersRecord.Endpoint
        {
            Name = ControllerListener,
            Host = _environment.VoterHost,
            Port = _environment.VoterPort,
        };
        return new VotersRecord
        {
            Voters =
            [
                new VotersRecord.Voter
                {
                    VoterId = _environment.Self.Value,
                    VoterDirectoryId = _identity.Properties.DirectoryId,
                    Endpoints = [endpoint],
                    KRaftVersionFeature = new VotersRecord.KRaftVersionFeature { MaxSupportedVersion = 1 },
                },
            ],
        };
    }

    private void AppendControl(long now, ControlRecordType type, Protocol.IMessage message)
    {
        var isAppended = ControlRecords.TryAppend(_builder, now, type, Protocol.Frames.ToArray(message, 0));
        Invariant.Check(isAppended);
    }

    private void Append(byte[] batch)
    {
        var outcome = _log!.Append(
            _environment.Clock.Now, batch, AppendOrigin.Raft, new LeaderEpoch(_leader!.Epoch));
        Invariant.Check(outcome.IsAppended);
        _log.Flush();
    }

    /// <summary>
    /// Records on their way to being committed, from <c>First</c> on; none for the epoch's own batch.
    /// </summary>
    private readonly record struct Proposal(List<MetadataRecord> Records, Offset First, Action WhenCommitted);

    private sealed class Collector(List<MetadataRecord> records) : IMetadataStateMachine
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
