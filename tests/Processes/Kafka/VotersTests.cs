using System;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes.Kafka;

/// <summary>
/// Voters of both kinds in one quorum, led by either: they join, leave, move and lose their disks (KIP-853, 1186).
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class VotersTests
{
    [ClientFact(Needs.JavaTools)]
    public void Kafkas_controller_joins_our_quorum_and_Kafkas_tool_adds_and_removes_voters()
    {
        using var cluster = new VotingCluster();
        cluster.Add(1, isKafka: false, mayJoin: false);
        cluster.Add(2, isKafka: true, mayJoin: true);
        cluster.WaitForVoters(1, 2);
        cluster.Add(3, isKafka: false, mayJoin: false);

        cluster.QuorumAs(3, "add-controller").MustRun().MustContain("Added controller 3 with directory id");
        cluster.WaitForVoters(1, 2, 3);
        var third = cluster.DirectoryId(3);
        string[] words = ["--controller-id", "3", "--controller-directory-id"];
        var refused = cluster.Quorum(["remove-controller", .. words, cluster.DirectoryId(1)]).Run();
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("No such voter", refused.Output + refused.Errors, StringComparison.Ordinal);
        cluster.Quorum(["remove-controller", .. words, third]).MustRun().MustContain("KRaft controller 3 with directory id");
        cluster.WaitForVoters(1, 2);
        Assert.Equal(1, cluster.LeaderId());
    }

    [ClientFact(Needs.JavaTools)]
    public void Our_controllers_join_Kafkas_quorum_move_and_come_back_with_new_disks()
    {
        using var cluster = new VotingCluster();
        cluster.Add(1, isKafka: true, mayJoin: false);
        cluster.Add(2, isKafka: false, mayJoin: true);
        cluster.Add(3, isKafka: false, mayJoin: true);
        cluster.WaitForVoters(1, 2, 3);

        cluster.Kill(3);
        cluster.StartElsewhere(3, hasNewDisk: true);
        cluster.WaitForVoters(1, 2, 3);
        cluster.Kill(2);
        cluster.StartElsewhere(2, hasNewDisk: false);
        cluster.WaitForVoters(1, 2, 3);
        Assert.Equal(1, cluster.LeaderId());
    }
}
