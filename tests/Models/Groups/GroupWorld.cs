using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Coordinators;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Tests.Models.Groups;

/// <summary>
/// One shard of the group coordinator and its clients, without network and without disk: time passes and records are
/// committed when the test says so. Answers are noted in the order in which they come.
/// </summary>
public sealed class GroupWorld
{
    private readonly Effects _effects = new();
    private readonly StepClock _clock = new();
    private readonly Timers _timers = new();
    private readonly GroupContext _context;

    public GroupWorld(GroupConfig config)
    {
        SetTime(1_000_000);
        _context = new GroupContext(config, _timers, new Prng(1), _clock, _effects);
        Coordinator = new GroupCoordinator(_context, () => 1);
        Log = new MemoryLog();
        Shard = Coordinator.Begin(Log);
    }

    public GroupCoordinator Coordinator { get; private set; }

    public MemoryLog Log { get; private set; }

    public CoordinatorShard Shard { get; private set; }

    public GroupContext Context => _context;

    public long NowMs => _clock.Now.Instant.Microseconds / 1000;

    public GroupMachine Machine
    {
        get
        {
            Coordinator.Find("any", out var machine);
            return machine;
        }
    }

    public ClassicGroup? Group(string groupId) => Machine.Find(groupId);

    public void Join(string groupId, MemberClient client, JoinGroupRequest request, Action<JoinGroupResponse> answer)
    {
        request.GroupId = groupId;
        if (IsAvailable(out var machine, out var error))
        {
            machine.Join(new Caller(client.Name, "/127.0.0.1", client.Version), request, answer);
        }
        else
        {
            answer(MembershipAnswers.JoinRefusal(request.MemberId, error));
        }
    }

    public void Sync(SyncGroupRequest request, Action<SyncGroupResponse> answer)
    {
        if (IsAvailable(out var machine, out var error))
        {
            machine.Sync(request, answer);
        }
        else
        {
            answer(new SyncGroupResponse { ErrorCode = (short)error });
        }
    }

    public ErrorCode Heartbeat(HeartbeatRequest request) =>
        IsAvailable(out var machine, out var error) ? machine.Heartbeat(request) : error;

    public void Leave(LeaveGroupRequest request, Action<LeaveGroupResponse> answer)
    {
        if (IsAvailable(out var machine, out var error))
        {
            machine.Leave(request, answer);
        }
        else
        {
            answer(new LeaveGroupResponse { ErrorCode = (short)error });
        }
    }

    public void Commit(OffsetCommitRequest request, short version, Action<OffsetCommitResponse> answer)
    {
        if (IsAvailable(out var machine, out var error))
        {
            machine.Offsets.Commit(request, version, answer);
        }
        else
        {
            answer(GroupOffsets.AllFail(request, error));
        }
    }

    /// <summary>Time passes; timers fire when they are due, not all at its end.</summary>
    public void Pass(long milliseconds)
    {
        var end = NowMs + milliseconds;
        while (_timers.NextDeadline <= new Instant(end * 1000))
        {
            SetTime(Math.Max(NowMs, (_timers.NextDeadline.Microseconds + 999) / 1000));
            _timers.Advance(_clock.Now);
        }

        SetTime(end);
        _effects.Clear();
    }

    /// <summary>The high watermark reaches the end of the log.</summary>
    public void Commit()
    {
        Log.CommitAll();
        Coordinator.HighWatermarkMoved(Shard);
    }

    public void CommitTo(Offset offset)
    {
        Log.CommitTo(offset);
        Coordinator.HighWatermarkMoved(Shard);
    }

    /// <summary>The partition moves to a coordinator that knows nothing but this log.</summary>
    public void MoveTo(MemoryLog log)
    {
        Coordinator.PartitionRemoved(0);
        Log = log;
        Shard = Coordinator.Begin(log);
    }

    public void Crash(int keepUncommitted) => MoveTo(Log.AfterCrash(keepUncommitted));

    /// <summary>What a coordinator that loads the log as it is would know.</summary>
    public string FoldOfReload()
    {
        var other = new GroupCoordinator(
            new GroupContext(_context.Config, new Timers(), new Prng(2), _clock, new Effects()), () => 1);
        other.Begin(Log);
        other.Find("any", out var machine);
        return machine.Fold.ToString();
    }

    private bool IsAvailable(out GroupMachine machine, out ErrorCode error)
    {
        error = Coordinator.Find("any", out machine);
        return error == ErrorCode.None;
    }

    private void SetTime(long milliseconds) =>
        _clock.Now = new Now(new Instant(milliseconds * 1000), 1_700_000_000_000 + milliseconds);
}

/// <summary>What a member knows of itself: its id and generation as it was last told.</summary>
public sealed class MemberClient(string name)
{
    public string Name { get; } = name;

    public string MemberId { get; set; } = "";

    public string? InstanceId { get; set; }

    public int Generation { get; set; } = -1;

    public string Protocol { get; set; } = "range";

    public short Version { get; set; } = 9;

    /// <summary>Members a leader was told of; empty for others.</summary>
    public List<string> Others { get; } = [];

    public JoinGroupRequest JoinRequest(
        int sessionMs, int rebalanceMs, IEnumerable<(string Name, byte[] Metadata)> protocols)
    {
        var request = new JoinGroupRequest
        {
            MemberId = MemberId,
            GroupInstanceId = InstanceId,
            SessionTimeoutMs = sessionMs,
            RebalanceTimeoutMs = rebalanceMs,
            ProtocolType = "consumer",
        };
        request.Protocols.AddRange(protocols.Select(protocol =>
            new JoinGroupRequest.JoinGroupRequestProtocol { Name = protocol.Name, Metadata = protocol.Metadata }));
        return request;
    }

    public void Joined(JoinGroupResponse response)
    {
        Others.Clear();
        if (response.ErrorCode is (short)ErrorCode.None or (short)ErrorCode.MemberIdRequired)
        {
            MemberId = response.MemberId;
        }

        if (response.ErrorCode == 0)
        {
            Generation = response.GenerationId;
            Protocol = response.ProtocolName!;
            Others.AddRange(response.Members.Select(member => member.MemberId));
        }
    }
}
