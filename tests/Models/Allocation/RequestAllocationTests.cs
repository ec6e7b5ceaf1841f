using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker.Boundary;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Models.Nodes;
using Xunit;
using Xunit.Abstractions;

namespace Deterministic.Tests.Models.Allocation;

/// <summary>
/// What a whole node allocates for one Produce or Fetch, from the frame to the answer's effects, by the runtime's
/// counter around every step: a number for the request and its partitions, and nothing for a record.
/// </summary>
/// <remarks>
/// Requests are warmed up first, so that lists and arenas have the size they keep. Of the requests measured the median
/// counts: now and then one makes an index's list double, which is a cost of bytes stored and not of a request.
/// </remarks>
public sealed class RequestAllocationTests(ITestOutputHelper output)
{
    private const int WarmUp = 400;
    private const int Measured = 101;
    private const int Partitions = 10;
    private const short ProduceVersion = 12;
    private const short FetchVersion = 12;

    [Theory]
    [InlineData(1, false, 2_000)]
    [InlineData(1, true, 2_000)]
    [InlineData(Partitions, false, 5_000)]
    public void A_produce_allocates_for_its_partitions_and_not_for_its_records(int partitions, bool isIdempotent, int most)
    {
        var one = OfProduce(partitions, records: 1, isIdempotent);
        var thousand = OfProduce(partitions, records: 1000, isIdempotent);
        output.WriteLine(FormattableString.Invariant(
            $"produce, acks=all, {partitions} partitions, idempotent {isIdempotent}: {one} bytes a request"));

        // Not equal: what the compiler keeps off the heap differs by what else it has compiled for.
        Assert.InRange(thousand, 1, one);
        Assert.InRange(one, 1, most);
    }

    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(Partitions, 8_000)]
    public void A_fetch_allocates_for_its_partitions_and_not_for_its_records(int partitions, int most)
    {
        var one = OfFetch(partitions, batches: 1, recordsPerBatch: 1);
        var many = OfFetch(partitions, batches: 10, recordsPerBatch: 1000);
        var manyBatches = OfFetch(partitions, batches: 1000, recordsPerBatch: 1);
        output.WriteLine(FormattableString.Invariant($"fetch, {partitions} partitions: {one} bytes a request"));
        Assert.InRange(many, 1, one);
        Assert.InRange(manyBatches, 1, one);
        Assert.InRange(one, 1, most);
    }

    /// <summary>Bytes allocated from the arrival of a request to its answer, flush included.</summary>
    private static long OfProduce(int partitions, int records, bool isIdempotent)
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", partitions);
        return Median(i =>
        {
            var request = new ProduceRequest { Acks = -1, TimeoutMs = 10_000, TopicData = [new() { Name = "t" }] };
            for (var partition = 0; partition < partitions; partition++)
            {
                var batch = isIdempotent
                    ? NodeDriver.Batch(records, producerId: 7, epoch: 0, sequence: i * records)
                    : NodeDriver.Batch(records);
                request.TopicData[0].PartitionData.Add(new() { Index = partition, Records = new(batch) });
            }

            var before = node.AllocatedBySteps;
            var answer = node.Ask<ProduceResponse>(client, ApiKey.Produce, ProduceVersion, request);
            Assert.All(answer.Responses[0].PartitionResponses, partition => Assert.Equal(0, partition.ErrorCode));
            return node.AllocatedBySteps - before;
        });
    }

    private static long OfFetch(int partitions, int batches, int recordsPerBatch)
    {
        var node = new NodeDriver();
        var client = node.Connect();
        node.CreateTopic(client, "t", partitions);
        for (var i = 0; i < partitions * batches; i++)
        {
            var batch = NodeDriver.Batch(recordsPerBatch);
            node.Ask<ProduceResponse>(
                client, ApiKey.Produce, ProduceVersion, NodeDriver.Produce("t", i % partitions, batch));
        }

        var bytes = 0;
        var median = Median(_ =>
        {
            var request = NodeDriver.Fetch("t", 0, 0, maxBytes: 50_000_000);
            for (var partition = 1; partition < partitions; partition++)
            {
                request.Topics[0].Partitions.Add(new() { Partition = partition, PartitionMaxBytes = 50_000_000 });
            }

            var before = node.AllocatedBySteps;
            var answer = node.Ask<FetchResponse>(client, ApiKey.Fetch, FetchVersion, request);
            bytes = answer.Responses[0].Partitions.Sum(partition => partition.Records!.Value.Length);
            return node.AllocatedBySteps - before;
        });
        Assert.InRange(bytes, partitions * batches * recordsPerBatch * 10, int.MaxValue);
        return median;
    }

    private static long Median(Func<int, long> measure)
    {
        var all = new List<long>();
        for (var i = 0; i < WarmUp + Measured; i++)
        {
            var one = measure(i);
            if (i >= WarmUp)
            {
                all.Add(one);
            }
        }

        all.Sort();
        return all[all.Count / 2];
    }
}
