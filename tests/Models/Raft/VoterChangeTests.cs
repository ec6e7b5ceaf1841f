using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Models.Metadata;
using Xunit;

namespace Deterministic.Tests.Models.Raft;

/// <summary>Voters that come and go, as one leader sees it; the test speaks for the others.</summary>
public sealed class VoterChangeTests
{
    private static readonly Uuid Other = new(2, 2);

    [Fact]
    public void A_voter_is_added_once_it_holds_the_log_and_counts_from_then_on()
    {
        var world = new MetadataWorld().Start();
        var quorum = world.Cluster.Quorum;
        var end = quorum.LogEndOffset.Value;
        var error = Add(world, 2, Other);

        Assert.Null(error.Value);
        Assert.Single(quorum.Voters.All);
        Fetch(world, 2, Other, end);
        Assert.Equal(2, quorum.Voters.All.Count);
        Assert.Null(error.Value);

        // One of two is no majority: nothing is committed without the new one.
        Assert.Equal(end, quorum.HighWatermark.Value);
        Fetch(world, 2, Other, quorum.LogEndOffset.Value);
        Assert.Equal(ErrorCode.None, error.Value);
        Assert.Equal(end + 1, quorum.HighWatermark.Value);

        world.Restart(powerLoss: true);
        Assert.Equal(2, world.Cluster.Quorum.Voters.All.Count);
    }

    [Fact]
    public void One_change_at_a_time()
    {
        var world = new MetadataWorld().Start();
        var first = Add(world, 2, Other);
        Assert.Equal(ErrorCode.RequestTimedOut, Add(world, 3, new Uuid(3, 3)).Value);
        Fetch(world, 2, Other, world.Cluster.Quorum.LogEndOffset.Value);

        // Appended and not committed: still under way.
        Assert.Equal(ErrorCode.RequestTimedOut, Add(world, 3, new Uuid(3, 3)).Value);
        Assert.Equal(ErrorCode.RequestTimedOut, Remove(world, 2, Other).Value);
        Fetch(world, 2, Other, world.Cluster.Quorum.LogEndOffset.Value);
        Assert.Equal(ErrorCode.None, first.Value);
        Assert.Equal(ErrorCode.DuplicateVoter, Add(world, 2, new Uuid(9, 9)).Value);
        Assert.Equal(ErrorCode.VoterNotFound, Remove(world, 2, new Uuid(9, 9)).Value);
    }

    [Fact]
    public void A_removed_voter_counts_no_more()
    {
        var world = new MetadataWorld().Start();
        Add(world, 2, Other);
        Fetch(world, 2, Other, world.Cluster.Quorum.LogEndOffset.Value);
        Fetch(world, 2, Other, world.Cluster.Quorum.LogEndOffset.Value);

        var error = Remove(world, 2, Other);

        Assert.Equal(ErrorCode.None, error.Value);
        Assert.Single(world.Cluster.Quorum.Voters.All);
        Assert.NotNull(world.Create(MetadataWorld.Topic("alone")));
    }

    [Fact]
    public void A_leader_that_is_removed_leads_until_that_is_committed()
    {
        var world = new MetadataWorld().Start();
        var quorum = world.Cluster.Quorum;
        Add(world, 2, Other);
        Fetch(world, 2, Other, quorum.LogEndOffset.Value);
        Fetch(world, 2, Other, quorum.LogEndOffset.Value);

        var error = Remove(world, 1, quorum.Identity.DirectoryId);

        Assert.True(quorum.IsLeader);
        Assert.Null(error.Value);
        Fetch(world, 2, Other, quorum.LogEndOffset.Value);
        Assert.Equal(ErrorCode.None, error.Value);
        Assert.False(quorum.IsLeader);
    }

    [Fact]
    public void The_last_voter_stays_and_another_cluster_is_not_heard()
    {
        var world = new MetadataWorld().Start();

        Assert.Equal(ErrorCode.VoterNotFound, Remove(world, 1, world.Cluster.Quorum.Identity.DirectoryId).Value);
        ErrorCode? error = null;
        world.Cluster.Quorum.Requests.RemoveVoter(
            new RemoveRaftVoterRequest { ClusterId = "another" }, answer => error = (ErrorCode)answer.ErrorCode);
        Assert.Equal(ErrorCode.InconsistentClusterId, error);
    }

    [Fact]
    public void Fixed_voters_cannot_be_changed_until_they_stand_in_the_log()
    {
        var world = new MetadataWorld(hasFixedVoters: true).Start();
        var quorum = world.Cluster.Quorum;
        var self = quorum.Identity.DirectoryId;

        Assert.Equal(ErrorCode.UnsupportedVersion, Remove(world, 1, self).Value);
        Assert.Equal(Uuid.Zero, quorum.Voters.All[0].DirectoryId);
        Assert.Null(quorum.UpgradeVoters(isDryRun: true));
        Assert.Equal(0, world.Image.Features.LevelOf("kraft.version"));

        Assert.Null(quorum.UpgradeVoters(isDryRun: false));
        world.Run();
        Assert.Equal(1, world.Image.Features.LevelOf("kraft.version"));
        Assert.Equal(self, quorum.Voters.All[0].DirectoryId);

        world.Restart(powerLoss: true);
        Assert.Equal(1, world.Image.Features.LevelOf("kraft.version"));
        Assert.Equal(self, world.Cluster.Quorum.Voters.All[0].DirectoryId);
        var joined = Add(world, 2, Other);
        Fetch(world, 2, Other, world.Cluster.Quorum.LogEndOffset.Value);
        Fetch(world, 2, Other, world.Cluster.Quorum.LogEndOffset.Value);
        Assert.Equal(ErrorCode.None, joined.Value);
    }

    [Fact]
    public void A_voter_must_know_the_level_in_effect_and_listen_where_the_others_do()
    {
        var world = new MetadataWorld().Start();

        Assert.Equal(ErrorCode.InvalidRequest, Add(world, 2, Other, highest: 0).Value);
        Assert.Equal(ErrorCode.InvalidRequest, Add(world, 2, Other, listener: "PLAINTEXT").Value);
        Assert.Single(world.Cluster.Quorum.Voters.All);
    }

    [Fact]
    public void A_voter_says_where_it_listens_now()
    {
        var world = new MetadataWorld().Start();
        var quorum = world.Cluster.Quorum;
        Add(world, 2, Other);
        Fetch(world, 2, Other, quorum.LogEndOffset.Value);
        Fetch(world, 2, Other, quorum.LogEndOffset.Value);
        Assert.Equal("h", quorum.Voters.Find(2)!.Value.Address.Host);
        Assert.Equal(2, quorum.Voters.Find(2)!.Value.Endpoints.Count);

        Assert.Equal(ErrorCode.FencedLeaderEpoch, Update(world, 2, Other, epoch: quorum.Epoch - 1).Value);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, Update(world, 2, Other, epoch: quorum.Epoch + 1).Value);
        Assert.Equal(ErrorCode.VoterNotFound, Update(world, 3, Other).Value);
        Assert.Equal(ErrorCode.VoterNotFound, Update(world, 2, new Uuid(9, 9)).Value);
        Assert.Equal(ErrorCode.InvalidRequest, Update(world, 2, Other, listener: "OTHER").Value);
        Assert.Equal(ErrorCode.InvalidRequest, Update(world, 2, Other, highest: 0).Value);

        var moved = Update(world, 2, Other);
        Assert.Null(moved.Value);
        Fetch(world, 2, Other, quorum.LogEndOffset.Value);
        Assert.Equal(ErrorCode.None, moved.Value);
        Assert.Equal("elsewhere", quorum.Voters.Find(2)!.Value.Address.Host);

        var end = quorum.LogEndOffset;
        Assert.Equal(ErrorCode.None, Update(world, 2, Other).Value);
        Assert.Equal(end, quorum.LogEndOffset);
    }

    private static Held Update(
        MetadataWorld world, int id, Uuid directory, int? epoch = null, string listener = "CONTROLLER", short highest = 1)
    {
        var held = new Held();
        var request = new UpdateRaftVoterRequest
        {
            ClusterId = null,
            CurrentLeaderEpoch = epoch ?? world.Cluster.Quorum.Epoch,
            VoterId = id,
            VoterDirectoryId = directory,
            Listeners = [new() { Name = listener, Host = "elsewhere", Port = 9094 }],
        };
        request.KRaftVersionFeature.MaxSupportedVersion = highest;
        world.Cluster.Quorum.Requests.UpdateVoter(request, answer => held.Value = (ErrorCode)answer.ErrorCode);
        world.Run();
        return held;
    }

    private static Held Add(
        MetadataWorld world, int id, Uuid directory, string listener = "CONTROLLER", string host = "h", short highest = 1)
    {
        var held = new Held();
        var request = new AddRaftVoterRequest
        {
            ClusterId = null,
            VoterId = id,
            VoterDirectoryId = directory,
            TimeoutMs = 1000,
            Listeners = [new() { Name = "OTHER", Port = 1 }, new() { Name = listener, Host = host, Port = 9093 }],
        };
        world.Cluster.Quorum.Requests.AddVoter(request, answer => held.Value = (ErrorCode)answer.ErrorCode);
        world.Run();
        if (held.Value is null)
        {
            var response = new ApiVersionsResponse();
            response.SupportedFeatures.Add(new() { Name = "kraft.version", MaxVersion = highest });
            world.AnswerPeer(ApiKey.ApiVersions, response);
        }

        return held;
    }

    private static Held Remove(MetadataWorld world, int id, Uuid directory)
    {
        var held = new Held();
        var request = new RemoveRaftVoterRequest { ClusterId = null, VoterId = id, VoterDirectoryId = directory };
        world.Cluster.Quorum.Requests.RemoveVoter(request, answer => held.Value = (ErrorCode)answer.ErrorCode);
        world.Run();
        return held;
    }

    private static void Fetch(MetadataWorld world, int id, Uuid directory, long offset)
    {
        var request = new FetchRequest
        {
            ReplicaState = new() { ReplicaId = id },
            Topics =
            [
                new()
                {
                    TopicId = Uuid.Metadata,
                    Partitions =
                    [
                        new()
                        {
                            CurrentLeaderEpoch = world.Cluster.Quorum.Epoch,
                            LastFetchedEpoch = world.Cluster.Quorum.Epoch,
                            FetchOffset = offset,
                            PartitionMaxBytes = 1 << 20,
                            ReplicaDirectoryId = directory,
                        },
                    ],
                },
            ],
        };
        world.Cluster.Quorum.Requests.Fetch(request, _ => { });
        world.Run();
    }

    /// <summary>An answer that may still come.</summary>
    private sealed class Held
    {
        public ErrorCode? Value { get; set; }
    }
}
