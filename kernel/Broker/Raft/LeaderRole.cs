using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Leads one epoch of the metadata log.</summary>
/// <remarks>
/// Inputs   Propose, Fetch of voters and observers, LogFlushed, timers
/// Effects  Append and Flush of the log; BeginQuorumEpoch; answers to fetches; commits
///
/// Leader -> Resigned    a majority of the voters has not fetched for 1.5 fetch time-outs (check-quorum), or the node stops, or
///                       its own removal from the voters is committed
/// Leader -> Follower    somebody leads a later epoch
/// Leader -> Unattached  a later epoch is heard of
///
/// The high watermark is the largest offset that a majority of the voters holds durably, and it moves only beyond the first
/// record of this leader's own epoch: a record of an earlier epoch on a majority may still be replaced (Raft, figure 8). The
/// leader counts itself only with what it has flushed.
/// </remarks>
internal sealed class LeaderRole(QuorumMember member) : QuorumRole(member), IPeerAnswer
{
    /// <summary>Bound: fetches of one leader that wait for records; more are answered empty at once.</summary>
    public const int MaxParked = 10_000;

    private const long AnnounceTimer = 0;
    private const long QuorumTimer = 1;
    private const long ParkedTimer = 2;

    private readonly QuorumProgress _progress = new(member);
    private VoterChange? _change;
    private readonly List<ParkedFetch> _parked = [];
    private readonly RecordBatchBuilder _builder = new(2 * MetadataQuorum.MaxProposalBytes);
    private TimerHandle? _announce;
    private TimerHandle? _quorum;
    private TimerHandle? _parkedTimer;
    private Offset _epochStart;

    /// <summary>Its own epoch's first batch is committed, and everything before replayed.</summary>
    public bool IsActive { get; private set; }

    public override bool HasLiveLeader => true;

    public QuorumProgress Progress => _progress;

    /// <summary>Who votes, changed.</summary>
    public VoterChange Change => _change ??= new VoterChange(Member, this);

    public override void Begin()
    {
        Member.Environment.Log.Effects.Reached(ProbePoint.QuorumLeaderElected);
        _epochStart = Member.Log.LogEndOffset;
        var batch = new EpochStart(Member).Build(_builder);
        AppendControl(batch);
        _quorum = SetTimer(CheckInterval, QuorumTimer);
        Announce();
    }

    public override void End()
    {
        base.End();
        Cancel(_announce);
        Cancel(_quorum);
        Cancel(_parkedTimer);
        if (IsActive)
        {
            IsActive = false;
            Member.WhenResigned?.Invoke();
        }

        foreach (var parked in _parked.ToArray())
        {
            parked.Answer(QuorumMessages.FetchAnswer(Member, ErrorCode.NotLeaderOrFollower));
        }

        _parked.Clear();
        Member.Tail.LeadershipLost();
        _change?.End();
    }

    /// <summary>These vote from now on.</summary>
    public void AppendVoters(VoterSet voters, bool isUpgrade = false)
    {
        AppendControl(new EpochStart(Member).BuildVoters(_builder, voters, isUpgrade));
        AnswerParked();
    }

    /// <summary>Appends records as one atomic batch.</summary>
    public void Propose(List<MetadataRecord> records, Action whenCommitted, Action? whenLost)
    {
        _builder.Begin(new BatchOptions());
        foreach (var record in records)
        {
            var value = MetadataRecords.ToArray(record.Message, record.Version);
            var isAppended = _builder.TryAppend(Member.Environment.Clock.Now.WallMs, NullableBytes.Null, value);
            Invariant.Check(isAppended);
        }

        var batch = _builder.Build().ToArray();
        Member.Tail.Add(Member.Log.LogEndOffset.Value, batch, records, whenCommitted, whenLost);
        AppendToLog(batch);
        AnswerParked();
    }

    public override void LogFlushed() => MoveHighWatermark();

    /// <summary>Answers a member's fetch, now or when there is news.</summary>
    public void Fetch(FetchRequest request, FetchRequest.FetchPartition position, Action<FetchResponse> answer)
    {
        var replica = request.ReplicaState.ReplicaId;
        var from = new Offset(position.FetchOffset);
        if (CheckPosition(position) is { } elsewhere)
        {
            answer(QuorumMessages.FetchAnswer(Member, elsewhere));
            return;
        }

        _progress.Fetched(replica, position.ReplicaDirectoryId, from);
        Forget(replica, position.ReplicaDirectoryId);
        MoveHighWatermark();
        if (!IsOver)
        {
            _change?.Progressed();
        }

        if (IsOver)
        {
            answer(QuorumMessages.FetchAnswer(Member, ErrorCode.NotLeaderOrFollower));
            return;
        }

        var parked = new ParkedFetch(
            replica,
            position,
            Member.Now + Duration.FromMilliseconds(Math.Clamp(request.MaxWaitMs, 0, MaxWaitMs)),
            answer);
        if (IsNews(parked) || request.MaxWaitMs <= 0 || _parked.Count >= MaxParked)
        {
            AnswerWithRecords(parked);
        }
        else
        {
            _parked.Add(parked);
            SetParkedTimer();
        }
    }

    /// <summary>The node stops: the voters with the longest logs are asked to follow.</summary>
    public void Resign() => Member.Become(Member.State, new ResignedRole(Member, _progress.OthersByProgress()));

    public void Answered(IMessage response, long token)
    {
        var seen = response is BeginQuorumEpochResponse begun ? LeaderSeen.In(begun) : LeaderSeen.None;
        Member.Enter(() =>
        {
            if (!IsOver)
            {
                _progress.Acknowledged((int)token);
                Member.Learn(seen.Epoch, seen.Leader, seen.Address);
            }
        });
    }

    public void Failed(PeerFailure why, long token)
    {
        // The timer announces again.
    }

    protected override void Fired(long token)
    {
        switch (token)
        {
            case AnnounceTimer:
                Announce();
                break;
            case QuorumTimer when _progress.HasQuorumSince(Member.Now + Negative(CheckInterval)):
                _quorum = SetTimer(new Duration(CheckInterval.Microseconds / 2), QuorumTimer);
                break;
            case QuorumTimer:
                Member.Environment.Log.Effects.Reached(ProbePoint.QuorumLeaderResigned);
                Resign();
                break;
            case ParkedTimer:
            default:
                AnswerParked();
                break;
        }
    }

    private const int MaxWaitMs = 30_000;

    private Duration CheckInterval => new(Member.Environment.Timeouts.Fetch.Microseconds * 3 / 2);

    private static Duration Negative(Duration duration) => new(-duration.Microseconds);

    /// <summary>Voters that did not fetch yet may not know that there is a leader.</summary>
    private void Announce()
    {
        var unaware = _progress.Unaware();
        foreach (var voter in unaware)
        {
            Member.Channel(voter.Address, "quorum").Send(
                ApiKey.BeginQuorumEpoch,
                EpochStart.Announcement(Member, voter),
                Member.Environment.Timeouts.Request,
                this,
                voter.Id);
        }

        if (unaware.Count > 0)
        {
            _announce = SetTimer(new Duration(Member.Environment.Timeouts.Election.Microseconds / 2), AnnounceTimer);
        }
    }

    private void AppendControl(byte[] batch)
    {
        var first = Member.Log.LogEndOffset;
        AppendToLog(batch);
        RecordBatches.TryRead(batch.AsSpan(), out var view, out _);
        Member.Voters.Take(view);
        Member.Tail.Add(first.Value, Member.Log.LogEndOffset.Value, batch);
    }

    private void AppendToLog(byte[] batch)
    {
        var outcome = Member.Log.Append(
            Member.Environment.Clock.Now, batch, AppendOrigin.Raft, new LeaderEpoch(Member.State.LeaderEpoch));
        Invariant.Check(outcome.IsAppended);
        Member.Log.Flush();
    }

    private void MoveHighWatermark()
    {
        var majority = _progress.HeldByMajority(Member.Log.FlushedOffset);
        if (majority <= _epochStart || majority <= Member.HighWatermark)
        {
            return;
        }

        Member.CommitTo(majority);
        if (!IsOver)
        {
            _change?.Progressed();
        }

        if (IsOver)
        {
            return;
        }

        if (!IsActive)
        {
            IsActive = true;
            Member.WhenActive?.Invoke();
        }

        if (!Member.IsVoter && Member.Voters.LatestOffset < Member.HighWatermark.Value)
        {
            Resign();
            return;
        }

        AnswerParked();
    }

    /// <summary>Null where the member may be given records from where it asks; else what it must do first.</summary>
    private FetchResponse.PartitionData? CheckPosition(FetchRequest.FetchPartition position)
    {
        var log = Member.Log;
        if (position.FetchOffset < log.LogStartOffset.Value)
        {
            return ToSnapshot();
        }

        if (position.FetchOffset == 0 && position.LastFetchedEpoch <= 0)
        {
            return null;
        }

        if (Member.Snapshots.Find(new SnapshotId(position.FetchOffset, position.LastFetchedEpoch)) is not null)
        {
            return null;
        }

        var (epoch, end) = log.EndOffsetForEpoch(new LeaderEpoch(position.LastFetchedEpoch));
        if (epoch == LeaderEpoch.None && position.LastFetchedEpoch < Member.State.LeaderEpoch && IsShortened)
        {
            return ToSnapshot();
        }

        if (IsShortened && position.FetchOffset == log.LogStartOffset.Value
            && position.LastFetchedEpoch < log.EpochOf(log.LogStartOffset).Value)
        {
            // Of what was before the log's start only a snapshot tells the epoch: the two logs may have parted there.
            return ToSnapshot();
        }

        if (epoch.Value == position.LastFetchedEpoch && end.Value >= position.FetchOffset)
        {
            return null;
        }

        return new FetchResponse.PartitionData
        {
            Records = Records.Empty,
            DivergingEpoch = new FetchResponse.EpochEndOffset
            {
                Epoch = int.Max(0, epoch.Value),
                EndOffset = epoch == LeaderEpoch.None ? log.LogStartOffset.Value : end.Value,
            },
        };
    }

    private bool IsShortened => Member.Log.LogStartOffset > Offset.Zero;

    private FetchResponse.PartitionData ToSnapshot()
    {
        var newest = Member.Snapshots.Newest;
        Invariant.Check(newest.EndOffset >= Member.Log.LogStartOffset.Value);
        return new FetchResponse.PartitionData
        {
            Records = Records.Empty,
            SnapshotId = new FetchResponse.SnapshotId { EndOffset = newest.EndOffset, Epoch = newest.Epoch },
        };
    }

    // Fetches that wait

    /// <summary>Records, or a high watermark beyond what the member knows (KIP-1166).</summary>
    private bool IsNews(in ParkedFetch fetch) =>
        fetch.Position.FetchOffset < Member.Log.LogEndOffset.Value
        || fetch.Position.HighWatermark < Member.HighWatermark.Value;

    private void AnswerParked()
    {
        for (var i = 0; i < _parked.Count && !IsOver;)
        {
            var parked = _parked[i];
            if (IsNews(parked) || parked.Until <= Member.Now)
            {
                _parked.RemoveAt(i);
                AnswerWithRecords(parked);
            }
            else
            {
                i++;
            }
        }

        SetParkedTimer();
    }

    /// <summary>A member that asks again has given up its earlier question.</summary>
    private void Forget(int replica, Uuid directory)
    {
        for (var i = _parked.Count - 1; i >= 0; i--)
        {
            if (_parked[i].Replica == replica && _parked[i].Position.ReplicaDirectoryId == directory)
            {
                var old = _parked[i];
                _parked.RemoveAt(i);
                old.Answer(QuorumMessages.FetchAnswer(Member, ErrorCode.None));
            }
        }
    }

    private void SetParkedTimer()
    {
        var next = Instant.Never;
        foreach (var parked in _parked)
        {
            next = Instant.Min(next, parked.Until);
        }

        if (_parkedTimer is { IsPending: true } timer && timer.Deadline == next)
        {
            return;
        }

        Cancel(_parkedTimer);
        _parkedTimer = next == Instant.Never || IsOver ? null : SetTimer(next - Member.Now, ParkedTimer);
    }

    private void AnswerWithRecords(ParkedFetch fetch)
    {
        var found = Read(fetch.Position);
        if (found.Kind != ReadKind.NeedsDisk)
        {
            fetch.Answer(QuorumMessages.FetchAnswer(Member, DataOf(found)));
            return;
        }

        Routine.Run(Member.Log.ReadCold(new Offset(fetch.Position.FetchOffset)), () =>
        {
            var again = IsOver ? ReadOutcome.Of(ReadKind.Empty) : Read(fetch.Position);
            fetch.Answer(QuorumMessages.FetchAnswer(Member, DataOf(again)));
        });
    }

    private ReadOutcome Read(FetchRequest.FetchPartition position) => Member.Log.Read(
        new Offset(position.FetchOffset),
        Member.Log.LogEndOffset,
        Math.Clamp(position.PartitionMaxBytes, 0, QuorumMessages.MaxFetchBytes),
        firstBatchWhole: true);

    private static FetchResponse.PartitionData DataOf(in ReadOutcome found) =>
        new() { Records = found.Kind == ReadKind.Found ? new Records(found.Slice) : Records.Empty };

    private readonly record struct ParkedFetch(
        int Replica, FetchRequest.FetchPartition Position, Instant Until, Action<FetchResponse> Answer);
}
