using System;
using Deterministic.Broker.Log;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Fetches the log from its leader, one request at a time.</summary>
/// <remarks>
/// Inputs   answers to fetches of records and of snapshots, LogFlushed, timers, EndQuorumEpoch of the leader
/// Effects  Fetch and FetchSnapshot requests; Append, Flush and truncation of the log; commits; those of VoterUpkeep
///
/// Follower -> Prospective  a voter that heard nothing for the fetch time-out, or whose leader's host refuses connections
/// Follower -> Unattached   an observer, the same; or a later epoch without a leader is heard of
/// Follower -> Follower     a later epoch with a leader is heard of
///
/// The rule a reader would get wrong: a fetch is the acknowledgement of everything before its offset. So what was appended is
/// flushed before the next fetch is sent. A refused connection is a hint and no more: the pre-vote asks the others whether
/// they still hear the leader.
/// </remarks>
internal sealed class FollowerRole(QuorumMember member, PeerAddress leader) : QuorumRole(member), IPeerAnswer
{
    private const long SilenceTimer = 0;
    private const long FetchTimer = 1;
    private const long UpkeepTimer = 2;

    /// <summary>So many refused connections in a row shorten the wait for the leader.</summary>
    private const int RefusalsThatHint = 2;

    private TimerHandle? _silence;
    private readonly VoterUpkeep _upkeep = new(member, leader);
    private TimerHandle? _fetch;
    private TimerHandle? _upkeepTimer;
    private SnapshotTransfer? _transfer;
    private bool _isFetching;
    private bool _hasHeard;
    private int _refusals;

    /// <summary>True once it has fetched: only then does it stand in the way of somebody else's election.</summary>
    public override bool HasLiveLeader => _hasHeard;

    public override PeerAddress? LeaderAddress => leader;

    public override void Begin()
    {
        WaitForLeader();
        SetUpkeepTimer();
        Fetch();
    }

    public override void End()
    {
        base.End();
        Cancel(_silence);
        Cancel(_fetch);
        Cancel(_upkeepTimer);
        _transfer?.Abandon();
    }

    public override void LogFlushed() => Fetch();

    /// <summary>The leader said that it resigns: the better this log, the sooner this member stands for election.</summary>
    public void LeaderResigned(int place)
    {
        _hasHeard = false;
        var timeouts = Member.Environment.Timeouts;
        var step = timeouts.Election.Microseconds / 10;
        ElectWithin(new Duration((place * step) + 1), new Duration(((place + 1) * step) + 1));
    }

    public void Answered(IMessage response, long token)
    {
        if (response is FetchSnapshotResponse snapshot)
        {
            AnsweredWithPiece(snapshot);
            return;
        }

        var answer = (FetchResponse)response;
        var seen = LeaderSeen.In(answer);

        // Lent for the step, and the entrance may be closed: copied here, once, and kept by the log and the tail.
        var records = answer.Responses is [{ Partitions: [{ Records: { } lent }] }] ? lent.Bytes.ToArray() : [];
        Member.Enter(() =>
        {
            if (!IsOver)
            {
                _isFetching = false;
                _refusals = 0;
                Take(answer, seen, records);
            }
        });
    }

    public void Failed(PeerFailure why, long token) => Member.Enter(() =>
    {
        if (IsOver)
        {
            return;
        }

        _isFetching = false;
        _refusals = why == PeerFailure.Refused ? _refusals + 1 : 0;
        if (_refusals == RefusalsThatHint)
        {
            _hasHeard = false;
            var timeouts = Member.Environment.Timeouts;
            ElectWithin(timeouts.Retry, new Duration(timeouts.Election.Microseconds / 8));
        }

        FetchLater();
    });

    protected override void Fired(long token)
    {
        if (token == FetchTimer)
        {
            Fetch();
        }
        else if (token == UpkeepTimer)
        {
            _upkeep.Look();
            SetUpkeepTimer();
        }
        else if (Member.MayStand)
        {
            Member.Become(Member.State, new ProspectiveRole(Member, leader));
        }
        else
        {
            // In the same epoch another member may know of a later one.
            Cancel(_fetch);
            Member.Become(Member.State, new UnattachedRole(Member));
        }
    }

    private void Take(FetchResponse answer, in LeaderSeen seen, byte[] records)
    {
        if (answer.ErrorCode != (short)ErrorCode.None || answer.Responses is not [{ Partitions: [var partition] }])
        {
            FetchLater();
            return;
        }

        Member.Learn(seen.Epoch, seen.Leader, seen.Address);
        if (IsOver)
        {
            return;
        }

        if (partition.ErrorCode != (short)ErrorCode.None)
        {
            FetchLater();
            return;
        }

        _hasHeard = true;
        WaitForLeader();
        if (partition.SnapshotId.EndOffset >= 0)
        {
            FetchSnapshot(new SnapshotId(partition.SnapshotId.EndOffset, partition.SnapshotId.Epoch));
        }
        else if (partition.DivergingEpoch.EndOffset >= 0)
        {
            Diverged(new LeaderEpoch(partition.DivergingEpoch.Epoch), new Offset(partition.DivergingEpoch.EndOffset));
        }
        else
        {
            Append(records);
            Member.CommitTo(new Offset(partition.HighWatermark));
            Fetch();
        }
    }

    private void SetUpkeepTimer() => _upkeepTimer = SetTimer(Member.Environment.Timeouts.Fetch, UpkeepTimer);

    private void WaitForLeader()
    {
        Cancel(_silence);
        _silence = SetTimer(Member.Environment.Timeouts.Fetch, SilenceTimer);
    }

    private void ElectWithin(Duration least, Duration most)
    {
        var at = Member.Now + Member.Between(least, most);
        if (Member.MayStand && _silence is { IsPending: true } silence && at < silence.Deadline)
        {
            Cancel(_silence);
            _silence = SetTimer(at - Member.Now, SilenceTimer);
        }
    }

    private void Fetch()
    {
        if (_isFetching || IsOver || Member.Log.FlushedOffset < Member.Log.LogEndOffset)
        {
            return;
        }

        var timeouts = Member.Environment.Timeouts;
        if (_transfer is { } transfer)
        {
            if (transfer.File is not null)
            {
                _isFetching = true;
                Member.Channel(leader, "quorum-fetch").Send(ApiKey.FetchSnapshot, transfer.Question(), timeouts.Request, this);
            }

            return;
        }

        _isFetching = true;
        var request = QuorumMessages.Fetch(Member, (int)timeouts.FetchWait.Milliseconds);
        Member.Channel(leader, "quorum-fetch").Send(ApiKey.Fetch, request, timeouts.Request, this);
    }

    private void FetchLater()
    {
        Cancel(_fetch);
        _fetch = SetTimer(Member.Jittered(Member.Environment.Timeouts.Retry), FetchTimer);
    }

    // A snapshot

    /// <summary>The leader's log begins behind this one: a snapshot is to take its place.</summary>
    private void FetchSnapshot(SnapshotId id)
    {
        if (id.EndOffset <= Member.HighWatermark.Value || id.Epoch < 0)
        {
            // Nothing that this member knows to be committed is given up for less.
            FetchLater();
            return;
        }

        var transfer = new SnapshotTransfer(Member, id);
        _transfer = transfer;
        Member.Hold(transfer.Begin(), Fetch);
    }

    private void AnsweredWithPiece(FetchSnapshotResponse answer)
    {
        var seen = LeaderSeen.In(answer);
        var piece = answer.Topics is [{ Partitions: [var only] }] ? only : null;
        var bytes = piece is null ? [] : piece.UnalignedRecords.Bytes.ToArray();
        Member.Enter(() =>
        {
            if (!IsOver)
            {
                _isFetching = false;
                _refusals = 0;
                Take(answer.ErrorCode == (short)ErrorCode.None ? piece : null, seen, bytes);
            }
        });
    }

    private void Take(FetchSnapshotResponse.PartitionSnapshot? piece, in LeaderSeen seen, byte[] bytes)
    {
        Member.Learn(seen.Epoch, seen.Leader, seen.Address);
        if (IsOver || _transfer is not { } transfer)
        {
            return;
        }

        if (piece is null || piece.ErrorCode != (short)ErrorCode.None || !transfer.Take(piece, bytes))
        {
            // Any refusal ends the transfer, or it would be refused for ever: the next fetch tells what to do.
            transfer.Abandon();
            _transfer = null;
            FetchLater();
            return;
        }

        _hasHeard = true;
        WaitForLeader();
        if (!transfer.IsComplete)
        {
            Fetch();
            return;
        }

        _transfer = null;
        Member.Hold(Member.Install.Run(transfer.Id, transfer.File!), () =>
        {
            if (!IsOver)
            {
                WaitForLeader();
                FetchLater();
            }
        });
    }

    /// <summary>
    /// Whole batches, as the leader has them. What does not continue the log is left out: the next fetch tells.
    /// </summary>
    private void Append(byte[] records)
    {
        var rest = records.AsMemory();
        while (RecordBatches.TryRead(rest.Span, out var batch, out _))
        {
            var bytes = rest[..batch.SizeInBytes];
            var isNext = batch.IsValidCrc
                && batch.BaseOffset == Member.Log.LogEndOffset.Value
                && batch.PartitionLeaderEpoch <= Member.State.LeaderEpoch;
            if (!isNext || !Member.Log.Append(
                Member.Environment.Clock.Now, bytes, AppendOrigin.Replica, LeaderEpoch.None).IsAppended)
            {
                break;
            }

            Member.Voters.Take(batch);
            Member.Tail.Add(batch.BaseOffset, batch.NextOffset, bytes.ToArray());
            rest = rest[batch.SizeInBytes..];
        }

        Member.Log.Flush();
    }

    /// <summary>
    /// The leader's log and this one part at or before the end of an epoch: cut to where they may agree, and ask again.
    /// </summary>
    private void Diverged(LeaderEpoch epoch, Offset end)
    {
        var (own, ownEnd) = Member.Log.EndOffsetForEpoch(epoch);
        var to = own == LeaderEpoch.None ? Member.HighWatermark : own == epoch ? Offset.Min(ownEnd, end) : ownEnd;
        to = Offset.Max(to, new Offset(Member.Snapshots.Newest.EndOffset));

        // Nothing that is committed is ever cut: a leader that says otherwise is none.
        Invariant.Check(to >= Member.HighWatermark);
        Member.Hold(Member.Log.TruncateTo(to, Member.Environment.Clock.Now), () =>
        {
            Member.Tail.TruncateTo(Member.Log.LogEndOffset.Value);
            Member.Voters.TruncateTo(Member.Log.LogEndOffset.Value);
            if (!IsOver)
            {
                Fetch();
            }
        });
    }
}
