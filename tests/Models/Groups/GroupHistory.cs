using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Groups;

/// <summary>
/// Five clients of one group act as a script of bytes says, sensibly or not, while time passes, records are
/// committed and the
/// coordinator crashes. After every step the coordinator's promises are checked.
/// </summary>
internal sealed class GroupHistory
{
    private const string GroupId = "g";
    private const int Session = 10_000;

    private readonly GroupWorld _world = new(new GroupConfig { InitialRebalanceDelayMs = 500, MaxSize = 4 });
    private readonly MemberClient[] _clients =
    [
        new("a"), new("b"), new("c") { Version = 2 }, new("d") { InstanceId = "i1" },
        new("e") { InstanceId = "i2", Version = 5 },
    ];

    private readonly Dictionary<int, string> _leaders = [];
    private int _asked;
    private int _answered;
    private int _committing;
    private long _acknowledged = -1;
    private bool _isGroupDeletable;

    public void Play(byte[] script)
    {
        for (var i = 0; i + 1 < script.Length; i += 2)
        {
            Act(script[i] % 24, _clients[script[i + 1] % _clients.Length], script[i + 1] / 8);
            Check();
        }

        ComeToRest();
    }

    /// <summary>Nothing is asked any more: within the longest of all time-outs everybody has an answer.</summary>
    private void ComeToRest()
    {
        for (var i = 0; i < 4; i++)
        {
            _world.Commit();
            _world.Pass(ClassicGroup.NewMemberJoinTimeoutMs + 1);
            Check();
        }

        _world.Commit();
        Assert.Equal(_asked, _answered);
        Assert.Equal(0, _world.Shard.Parked);
        Assert.True(_world.Group(GroupId) is null or { State: ClassicGroupState.Empty });
    }

    private void Act(int action, MemberClient client, int argument)
    {
        switch (action)
        {
            case < 6:
                Join(client, argument % 4 == 0 ? "u" : "t");
                break;
            case < 11:
                Sync(client);
                break;
            case 11 or 12:
                Heartbeat(client);
                break;
            case 13:
                Leave(client);
                break;
            case 14 or 15:
                Commit(client);
                break;
            case 16:
                Fetch();
                break;
            case 17:
                _world.Pass(100 * argument);
                break;
            case 18:
                _world.Pass(1_000 * argument);
                break;
            case 19 or 20:
                _world.Commit();
                break;
            case 21:
                _world.CommitTo(_world.Log.HighWatermark + 1);
                break;
            case 22:
                Crash(argument);
                break;
            default:
                Rare(client, argument);
                break;
        }
    }

    private void Rare(MemberClient client, int argument)
    {
        if (argument % 2 == 0)
        {
            // The process behind the client starts anew and knows nothing.
            client.MemberId = "";
            client.Generation = -1;
            return;
        }

        _asked++;
        _isGroupDeletable = true;
        _world.Machine.Delete(GroupId, _ => _answered++);
    }

    private void Crash(int keepUncommitted)
    {
        _world.Crash(keepUncommitted);

        // What was never written down may be decided anew: the next generation can have a number that was used before.
        var loaded = _world.Group(GroupId)?.Generation ?? 0;
        foreach (var generation in _leaders.Keys.Where(generation => generation > loaded).ToList())
        {
            _leaders.Remove(generation);
        }
    }

    private void Join(MemberClient client, string topic)
    {
        _asked++;
        var request = client.JoinRequest(Session, 3 * Session, [("range", Encoding.UTF8.GetBytes(topic))]);
        _world.Join(GroupId, client, request, response =>
        {
            _answered++;
            Joined(client, response);
        });
    }

    private void Joined(MemberClient client, JoinGroupResponse response)
    {
        client.Joined(response);
        var error = (ErrorCode)response.ErrorCode;
        if (error is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId)
        {
            client.MemberId = "";
        }

        if (error != ErrorCode.None || response.Members.Count == 0 || response.SkipAssignment)
        {
            return;
        }

        // Told who is in the generation: told to assign. Nobody else may be told that.
        Assert.Equal(response.MemberId, response.Leader);
        Assert.Equal(response.Members.Count, response.Members.Select(member => member.MemberId).Distinct().Count());
        var known = _leaders.TryGetValue(response.GenerationId, out var leader);
        Assert.True(!known || leader == client.Name, $"{leader} and {client.Name} lead {response.GenerationId}");
        _leaders[response.GenerationId] = client.Name;
    }

    private void Sync(MemberClient client)
    {
        var request = new SyncGroupRequest
        {
            GroupId = GroupId,
            MemberId = client.MemberId,
            GroupInstanceId = client.InstanceId,
            GenerationId = client.Generation,
        };
        foreach (var other in client.Others)
        {
            request.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
            {
                MemberId = other,
                Assignment = Encoding.UTF8.GetBytes(ShareOf(client.Generation, other)),
            });
        }

        _asked++;
        var generation = client.Generation;
        var memberId = client.MemberId;
        _world.Sync(request, response =>
        {
            _answered++;
            if (response.ErrorCode == 0)
            {
                // A leader that asks without assigning gives everybody nothing; that is its right.
                var share = Encoding.UTF8.GetString(response.Assignment.Span);
                Assert.True(share.Length == 0 || share == ShareOf(generation, memberId), $"{memberId}: {share}");
            }
        });
    }

    /// <summary>What a member may own in a generation: a static member's share is that of its instance.</summary>
    private static string ShareOf(int generation, string memberId)
    {
        var owner = memberId.StartsWith('i') ? memberId[..2] : memberId;
        return FormattableString.Invariant($"{generation}/{owner}");
    }

    private void Heartbeat(MemberClient client)
    {
        var error = _world.Heartbeat(new HeartbeatRequest
        {
            GroupId = GroupId,
            MemberId = client.MemberId,
            GroupInstanceId = client.InstanceId,
            GenerationId = client.Generation,
        });
        if (error == ErrorCode.None)
        {
            Assert.Equal(client.Generation, _world.Group(GroupId)!.Generation);
        }
    }

    private void Leave(MemberClient client)
    {
        var request = new LeaveGroupRequest { GroupId = GroupId };
        request.Members.Add(new LeaveGroupRequest.MemberIdentity
        {
            MemberId = client.MemberId,
            GroupInstanceId = client.InstanceId,
        });
        _asked++;
        _world.Leave(request, _ => _answered++);
        client.MemberId = "";
    }

    private void Commit(MemberClient client)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = GroupId,
            MemberId = client.MemberId,
            GroupInstanceId = client.InstanceId,
            GenerationIdOrMemberEpoch = client.Generation,
        };
        var topic = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "t" };
        request.Topics.Add(topic);
        var offset = ++_committing;
        topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition { CommittedOffset = offset });
        _asked++;
        _world.Commit(request, client.Version >= 9 ? (short)9 : (short)2, response =>
        {
            _answered++;
            if (response.Topics[0].Partitions[0].ErrorCode == 0)
            {
                _acknowledged = Math.Max(_acknowledged, offset);
            }
        });
    }

    private void Fetch()
    {
        var request = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = GroupId, Topics = null };
        var promised = _acknowledged;
        _asked++;
        _world.Machine.Offsets.Fetch(request, response =>
        {
            _answered++;
            var read = response.Topics.Count == 0 ? -1 : response.Topics[0].Partitions[0].CommittedOffset;
            var isRefused = response.ErrorCode != 0;
            Assert.True(isRefused || _isGroupDeletable || read >= promised, $"read {read}, promised {promised}");
        });
    }

    private void Check()
    {
        Assert.Equal(_world.Machine.Fold.ToString(), _world.FoldOfReload());
        if (_world.Group(GroupId) is null)
        {
            // Deleted: the next group of that name begins with generation 1 again.
            _leaders.Clear();
        }

        foreach (var (_, group) in _world.Machine.Groups)
        {
            group.CheckInvariants();
            if (group.State is ClassicGroupState.Stable && _world.Shard.Parked == 0)
            {
                // What would be loaded is what lives, but for the time at which the last state began.
                var live = (GroupMetadataValue)GroupRecords.OfGroup(group, member => member.Assignment).Value!;
                var stored = _world.Machine.Fold.Groups[group.GroupId];
                live.CurrentStateTimestamp = stored.CurrentStateTimestamp;
                Assert.Equal(stored.ToString(), live.ToString());
            }
        }
    }
}
