using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Deterministic.Tests.Clients;
using Deterministic.Tests.Processes.Failover;
using Xunit;

namespace Deterministic.Tests.Processes.Kafka;

/// <summary>
/// One cluster of Apache Kafka's nodes and ours: nodes 1 to 3 are the quorum and brokers, node 4 is a broker of the other kind.
/// It registers, follows partitions that the others lead, leads one that the others follow, and coordinates groups; nodes are
/// killed one after the other, and started again.
/// </summary>
/// <remarks>Checked: the leader is the preferred one where all live; every replica comes back into the ISR; committed offsets are
/// found by whichever kind of node coordinates the group next; what was acknowledged is there once and in order; the replicas of
/// a partition are the same bytes, whoever wrote them.</remarks>
internal sealed class MixedRun : IDisposable
{
    public const int Guest = 4;
    private const int GuestLeads = 1;
    private const int Groups = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly List<List<int>> Replicas = [[1, 2, Guest], [Guest, 2, 3], [3, Guest, 1]];

    private readonly ProcessCluster _cluster;
    private readonly FailoverLoad _load;
    private readonly Action<string> _tell;

    public MixedRun(bool isQuorumKafka, Action<string> tell)
    {
        ConfluentLibrary.Load();
        _tell = tell;
        var one = new NodePlan(isQuorumKafka) { Settings = ["controlled.shutdown.enable=true"] };
        _cluster = new ProcessCluster([one, one, one, new NodePlan(!isQuorumKafka) { IsController = false }]);
        try
        {
            // Whoever serves may still be fenced: all four can be given replicas when the cluster shows them.
            WaitFor("four brokers", () => Brokers() == Guest);
            _load = new FailoverLoad(_cluster.Bootstrap, replicas: Replicas);
            WaitFor("something to be acknowledged", () => _load.AckedCount > 1_000);
        }
        catch
        {
            _load?.Dispose();
            _cluster.Dispose();
            throw;
        }
    }

    /// <summary>Kills these nodes, one after the other; at last the guest ends in good order.</summary>
    public FailoverResult Run(string name, int[] victims)
    {
        WaitFor("all replicas to be in sync", _load.IsInSync);
        WaitFor("the guest to lead", () => _load.LeaderOf(GuestLeads) == Guest);
        CommitAll();
        var away = new List<double>();
        foreach (var victim in victims)
        {
            away.Add(Round(victim, () => _cluster.Kill(victim)));
            ElectPreferred();
            WaitFor("the guest to lead again", () => _load.LeaderOf(GuestLeads) == Guest);
        }

        away.Add(Round(Guest, () => _cluster.Stop(Guest)));
        _load.End();
        away.Sort();
        var wrong = _load.Judge() ?? Differing();
        return new FailoverResult(name, away, _load.AckedCount, _load.Failed, wrong);
    }

    public void Dispose()
    {
        _load.Dispose();
        _cluster.Dispose();
    }

    private double Round(int victim, Action end)
    {
        var led = _load.LedBy(victim);
        end();
        var ended = Stopwatch.GetTimestamp();
        WaitFor("the rest to go on", () => _load.WaitedSince(ended, led) is not null);
        var waited = _load.WaitedSince(ended, led)!.Value;
        CheckCommitted();
        _cluster.Start(victim);
        _cluster.WaitUntilServing(victim);
        WaitFor("all replicas to be in sync", _load.IsInSync);
        CheckCommitted();
        _tell(FormattableString.Invariant(
            $"node {victim} ended and started again: {led.Count} partitions away {waited:F0} ms, all in sync"));
        return waited;
    }

    private int Brokers()
    {
        using var admin = Admin();
        return admin.GetMetadata(Patience).Brokers.Count;
    }

    private void ElectPreferred()
    {
        using var admin = Admin();
        var partitions = Enumerable.Range(0, FailoverLoad.Partitions)
            .Select(partition => new TopicPartition(FailoverLoad.Topic, partition));
        try
        {
            admin.ElectLeadersAsync(ElectionType.Preferred, partitions).GetAwaiter().GetResult();
        }
        catch (ElectLeadersException e)
        {
            // A partition whose leader is the preferred one already is an error to this client.
            Assert.All(e.Results.TopicPartitions, one => Assert.True(
                one.Error.Code is ErrorCode.NoError or ErrorCode.ElectionNotNeeded, one.Error.ToString()));
        }
    }

    private void CommitAll()
    {
        for (var group = 0; group < Groups; group++)
        {
            using var consumer = Consumer(group);
            var offset = new TopicPartitionOffset(FailoverLoad.Topic, 0, 100 + group);
            WaitFor("a coordinator to take a commit", () => IsTaken(() => consumer.Commit([offset])));
        }
    }

    /// <summary>Groups are spread over the nodes of both kinds, and their coordinators move with every kill.</summary>
    private void CheckCommitted()
    {
        for (var group = 0; group < Groups; group++)
        {
            using var consumer = Consumer(group);
            var found = new List<TopicPartitionOffset>();
            WaitFor("a coordinator to tell a commit", () => IsTaken(
                () => found = consumer.Committed([new TopicPartition(FailoverLoad.Topic, 0)], Patience)));
            Assert.Equal(100 + group, found[0].Offset.Value);
        }
    }

    /// <summary>False where the coordinator is moving or reads its log yet: clients of either kind ask again.</summary>
    private static bool IsTaken(Action request)
    {
        try
        {
            request();
            return true;
        }
        catch (KafkaException e) when (e.Error.Code
            is ErrorCode.GroupLoadInProgress or ErrorCode.NotCoordinatorForGroup or ErrorCode.GroupCoordinatorNotAvailable)
        {
            return false;
        }
    }

    private IConsumer<Ignore, Ignore> Consumer(int group)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = _cluster.Bootstrap,
            GroupId = FormattableString.Invariant($"group-{group}"),
            EnableAutoCommit = false,
        };
        return new ConsumerBuilder<Ignore, Ignore>(config).SetLogHandler((_, _) => { }).Build();
    }

    private IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _cluster.Bootstrap })
        .SetLogHandler((_, _) => { }).Build();

    /// <summary>The replicas of a partition, compared with the first of them.</summary>
    private string? Differing()
    {
        for (var partition = 0; partition < FailoverLoad.Partitions; partition++)
        {
            var all = Replicas[partition].ConvertAll(node => (Node: node, Bytes: Log(node, partition)));
            foreach (var (node, bytes) in all)
            {
                if (!bytes.AsSpan().SequenceEqual(all[0].Bytes))
                {
                    return FormattableString.Invariant(
                        $"partition {partition}: {bytes.Length} bytes on {node}, {all[0].Bytes.Length} others on {all[0].Node}");
                }
            }
        }

        return null;
    }

    private byte[] Log(int node, int partition) => File.ReadAllBytes(Path.Combine(
        _cluster.Data(node), FormattableString.Invariant($"{FailoverLoad.Topic}-{partition}"), "00000000000000000000.log"));

    private static void WaitFor(string what, Func<bool> isMet)
    {
        var limit = Stopwatch.StartNew();
        while (!isMet())
        {
            Thread.Sleep(50);
            Assert.True(limit.Elapsed < Patience, "waited in vain for " + what);
        }
    }
}
