using System;
using System.Text;
using Deterministic.Broker;
using Deterministic.Broker.Replication;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>What each node of a world believes, in a few lines: the first thing to read of a failed run.</summary>
public static class NodeReport
{
    public static string Of(World world)
    {
        var text = new StringBuilder();
        foreach (var node in world.Nodes)
        {
            if (node.Kernel is not Node kernel)
            {
                text.Append(FormattableString.Invariant($"node {node.Host + 1}: down\n"));
                continue;
            }

            var broker = kernel.Broker;
            var quorum = broker.Quorum;
            text.Append(FormattableString.Invariant(
                $"node {node.Host + 1}: serving {kernel.IsServing}, {broker.Membership.State} at epoch "))
                .Append(FormattableString.Invariant($"{broker.Membership.BrokerEpoch}; quorum epoch {quorum.Epoch} "))
                .Append(FormattableString.Invariant($"led by {quorum.LeaderId}, active {quorum.IsActive}, "))
                .Append(FormattableString.Invariant($"{quorum.HighWatermark} of {quorum.LogEndOffset}\n"));
            foreach (var registration in broker.Metadata.Cluster.Brokers)
            {
                text.Append(FormattableString.Invariant(
                    $"  broker {registration.Id}: epoch {registration.Epoch}, fenced {registration.IsFenced}\n"));
            }

            foreach (var partition in broker.Partitions.All)
            {
                Append(text, partition);
            }
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Partition partition) => text.Append(FormattableString.Invariant(
        $"  {partition.Topic}-{partition.Index}: {(partition.IsLeader ? "leads" : "follows " + partition.LeaderId)}, "))
        .Append(FormattableString.Invariant($"{partition.LeaderEpoch}, partition epoch {partition.PartitionEpoch}, "))
        .Append(FormattableString.Invariant($"isr [{string.Join(',', partition.Isr)}], "))
        .Append(FormattableString.Invariant($"log {partition.Log?.LogStartOffset}..{partition.Log?.LogEndOffset}, "))
        .Append(FormattableString.Invariant($"flushed {partition.Log?.FlushedOffset}, committed {partition.HighWatermark}\n"));
}
