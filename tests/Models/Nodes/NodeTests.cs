using Deterministic.Broker;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;
using Xunit;

namespace Deterministic.Tests.Models.Nodes;

/// <summary>
/// A whole node, asked over frames: what is acknowledged is read back, now and after every kind of restart.
/// </summary>
public sealed class NodeTests
{
    private const short ProduceVersion = 12;
    private const short FetchVersion = 12;

    [Fact]
    public void What_is_produced_is_fetched()
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", 2);
        var answer = Produce(node, client, NodeDriver.Batch(3));
        Assert.Equal(0, answer.ErrorCode);
        Assert.Equal(0, answer.BaseOffset);
        Assert.Equal(3, Produce(node, client, NodeDriver.Batch(2)).BaseOffset);
        Assert.Equal(5, CountRecords(node, client, 0));
    }

    [Fact]
    public void A_new_cluster_takes_over_the_minimum_of_in_sync_replicas_from_its_first_controllers_properties()
    {
        var options = new NodeOptions { ClusterId = new Uuid(0x1234, 0x8000_0000_0000_5678) };
        options.Properties["min.insync.replicas"] = "2";
        var node = new NodeDriver(options);
        Assert.Equal(2, node.Node.Broker.Configs.BrokerLong("min.insync.replicas"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_acknowledged_survives_a_crash(bool losePower)
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", 1);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(i * 4, Produce(node, client, NodeDriver.Batch(4, 500)).BaseOffset);
        }

        node.CrashAndStart(losePower);
        client = node.Connect();
        Assert.Equal(80, CountRecords(node, client, 0));
        Assert.Equal(80, Produce(node, client, NodeDriver.Batch(1)).BaseOffset);
    }

    [Fact]
    public void A_clean_restart_keeps_everything_and_recovers_nothing()
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", 1, ("segment.bytes", "1048576"));
        for (var i = 0; i < 40; i++)
        {
            Produce(node, client, NodeDriver.Batch(10, 5_000));
        }

        node.StopAndStart();
        client = node.Connect();
        Assert.Equal(400, CountRecords(node, client, 0));
        Assert.DoesNotContain(ProbePoint.RecoveryTruncatedTail, node.Probes);
    }

    [Fact]
    public void An_idempotent_producers_repetition_is_answered_with_the_first_offsets()
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", 1);
        Assert.Equal(0, Produce(node, client, NodeDriver.Batch(3, 10, 5, 0, 0)).BaseOffset);
        Assert.Equal(3, Produce(node, client, NodeDriver.Batch(3, 10, 5, 0, 3)).BaseOffset);
        Assert.Equal(0, Produce(node, client, NodeDriver.Batch(3, 10, 5, 0, 0)).BaseOffset);
        var gap = Produce(node, client, NodeDriver.Batch(3, 10, 5, 0, 9));
        Assert.Equal((short)ErrorCode.OutOfOrderSequenceNumber, gap.ErrorCode);
        node.CrashAndStart(losePower: true);
        client = node.Connect();
        Assert.Equal(3, Produce(node, client, NodeDriver.Batch(3, 10, 5, 0, 3)).BaseOffset);
        Assert.Equal(6, CountRecords(node, client, 0));
    }

    [Fact]
    public void One_flush_acknowledges_what_was_pipelined_behind_it()
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", 1);
        for (var i = 0; i < 20; i++)
        {
            node.Send(client, ApiKey.Produce, ProduceVersion, NodeDriver.Produce("t", 0, NodeDriver.Batch(1)));
        }

        node.RunUntil(() => node.Node.Broker.Partitions.Find("t", 0)!.HighWatermark.Value == 20);
        Assert.Contains(ProbePoint.GroupCommit, node.Probes);
    }

    [Fact]
    public void A_small_fetch_gives_the_whole_first_batch()
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", 1);
        Produce(node, client, NodeDriver.Batch(3, 3_000));
        Produce(node, client, NodeDriver.Batch(3, 3_000));
        var answer = node.Ask<FetchResponse>(
            client, ApiKey.Fetch, FetchVersion, NodeDriver.Fetch("t", 0, 1, 10));
        var records = answer.Responses[0].Partitions[0].Records!.Value.Bytes;
        Assert.True(RecordBatches.TryRead(records.Span, out var batch, out _));
        Assert.Equal(0, batch.BaseOffset);
        Assert.Equal(batch.SizeInBytes, records.Length);
    }

    private static ProduceResponse.PartitionProduceResponse Produce(
        NodeDriver node, Primitives.ConnectionId client, byte[] batch) =>
        node.Ask<ProduceResponse>(client, ApiKey.Produce, ProduceVersion, NodeDriver.Produce("t", 0, batch))
            .Responses[0].PartitionResponses[0];

    private static int CountRecords(NodeDriver node, Primitives.ConnectionId client, long offset)
    {
        var count = 0;
        while (true)
        {
            var answer = node.Ask<FetchResponse>(
                client, ApiKey.Fetch, FetchVersion, NodeDriver.Fetch("t", 0, offset, 100_000)).Responses[0].Partitions[0];
            Assert.Equal(0, answer.ErrorCode);
            if (offset == answer.HighWatermark)
            {
                return count;
            }

            var bytes = answer.Records!.Value.Bytes.Span;
            while (RecordBatches.TryRead(bytes, out var batch, out _))
            {
                Assert.True(batch.IsValidCrc);
                Assert.Equal(offset, batch.BaseOffset);
                count += batch.RecordCount;
                offset = batch.NextOffset;
                bytes = bytes[batch.SizeInBytes..];
            }
        }
    }
}
