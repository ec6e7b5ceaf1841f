using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Clients.Differential;
using Xunit;

namespace Deterministic.Tests.Processes;

/// <summary>
/// Produces with acks=all to four partitions from four connections and remembers what was acknowledged; later, whatever
/// befell the broker, looks whether all of it is there, at its offset, and nothing between is missing.
/// </summary>
internal sealed class Ledger
{
    private const int Partitions = 4;
    private const short ProduceVersion = 9;
    private const short FetchVersion = 12;

    private readonly string _topic = "ledger";
    private readonly List<(long Offset, string Value)>[] _acknowledged;
    private readonly object _gate = new();
    private int _next;
    private int _running;

    public Ledger()
    {
        _acknowledged = new List<(long Offset, string Value)>[Partitions];
        for (var i = 0; i < Partitions; i++)
        {
            _acknowledged[i] = [];
        }
    }

    /// <summary>Records acknowledged so far.</summary>
    public int Count { get; private set; }

    public void CreateTopic(int port)
    {
        using var wire = Connect(port);
        var request = new CreateTopicsRequest { TimeoutMs = 30_000 };
        request.Topics.Add(new CreateTopicsRequest.CreatableTopic
        {
            Name = _topic,
            NumPartitions = Partitions,
            ReplicationFactor = 1,
        });
        var answer = (CreateTopicsResponse)wire.Ask(request, 5).Response!;
        Assert.Equal(0, answer.Topics[0].ErrorCode);
    }

    /// <summary>Starts producing; each connection goes on until the broker refuses or is gone.</summary>
    public void Start(int port, int valueBytes)
    {
        _running = Partitions;
        for (var i = 0; i < Partitions; i++)
        {
            var partition = i;
            new Thread(() => Produce(port, partition, valueBytes)) { IsBackground = true }.Start();
        }
    }

    /// <summary>Waits until so many more records are acknowledged, or until nobody produces any more.</summary>
    public void WaitForMore(int records)
    {
        lock (_gate)
        {
            var goal = Count + records;
            while (Count < goal && _running > 0)
            {
                Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(60)), "nothing is acknowledged any more");
            }
        }
    }

    public void WaitForEnd()
    {
        lock (_gate)
        {
            while (_running > 0)
            {
                Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(60)), "a producer does not end");
            }
        }
    }

    /// <summary>Reads everything back.</summary>
    public void Verify(int port)
    {
        using var wire = Connect(port);
        for (var partition = 0; partition < Partitions; partition++)
        {
            var found = ReadAll(wire, partition);
            foreach (var (offset, value) in _acknowledged[partition])
            {
                Assert.True(offset < found.Count, $"acknowledged offset {offset} of {partition}, end {found.Count}");
                Assert.Equal(value, found[(int)offset]);
            }
        }
    }

    private static Wire Connect(int port) => new("127.0.0.1", port, TimeSpan.FromSeconds(30));

    private void Produce(int port, int partition, int valueBytes)
    {
        try
        {
            using var wire = Connect(port);
            var builder = new RecordBatchBuilder(1 << 20);
            while (true)
            {
                var prefix = string.Create(
                    CultureInfo.InvariantCulture, $"{partition}/{Interlocked.Increment(ref _next)}/");
                var value = prefix.PadRight(valueBytes, '.');
                if (ProduceOne(wire, builder, partition, value) is not { } offset)
                {
                    break;
                }

                lock (_gate)
                {
                    _acknowledged[partition].Add((offset, value));
                    Count++;
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The broker is gone, as the test wants it.
        }

        lock (_gate)
        {
            _running--;
            Monitor.PulseAll(_gate);
        }
    }

    private long? ProduceOne(Wire wire, RecordBatchBuilder builder, int partition, string value)
    {
        builder.Begin(new BatchOptions());
        builder.TryAppend(1, NullableBytes.Null, Encoding.ASCII.GetBytes(value));
        var request = new ProduceRequest { Acks = -1, TimeoutMs = 30_000 };
        var topic = new ProduceRequest.TopicProduceData { Name = _topic };
        topic.PartitionData.Add(new ProduceRequest.PartitionProduceData
        {
            Index = partition,
            Records = new Records(builder.Build().ToArray()),
        });
        request.TopicData.Add(topic);
        if (wire.Ask(request, ProduceVersion).Response is not ProduceResponse response)
        {
            return null;
        }

        var answer = response.Responses[0].PartitionResponses[0];
        return answer.ErrorCode == 0 ? answer.BaseOffset : null;
    }

    private List<string> ReadAll(Wire wire, int partition)
    {
        var found = new List<string>();
        while (true)
        {
            var bytes = Fetch(wire, partition, found.Count);
            if (bytes.Length == 0)
            {
                return found;
            }

            while (bytes.Length > 0 && RecordBatches.TryRead(bytes, out var batch, out _))
            {
                Assert.True(batch.IsValidCrc);
                Assert.Equal(found.Count, batch.BaseOffset);
                foreach (var record in batch.Records)
                {
                    found.Add(Encoding.ASCII.GetString(record.Value));
                }

                bytes = bytes[batch.SizeInBytes..];
            }
        }
    }

    private Span<byte> Fetch(Wire wire, int partition, long offset)
    {
        var request = new FetchRequest { MaxWaitMs = 0, MinBytes = 0, MaxBytes = 4 << 20, SessionEpoch = -1 };
        var topic = new FetchRequest.FetchTopic { Topic = _topic };
        topic.Partitions.Add(new FetchRequest.FetchPartition
        {
            Partition = partition,
            FetchOffset = offset,
            PartitionMaxBytes = 4 << 20,
        });
        request.Topics.Add(topic);
        var response = (FetchResponse)wire.Ask(request, FetchVersion).Response!;
        var answer = response.Responses[0].Partitions[0];
        Assert.Equal(0, answer.ErrorCode);
        return answer.Records is { } records ? records.Bytes.ToArray() : [];
    }
}
