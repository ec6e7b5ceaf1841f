using System.Diagnostics;
using System.IO;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Perf.Load;

/// <summary>Reads the topic's partitions from their beginning, one fetch after the other, as one consumer would.</summary>
internal sealed class FetchLoad
{
    private const short Version = 11;
    private readonly LoadOptions _options;

    public FetchLoad(LoadOptions options)
    {
        _options = options;
    }

    public LoadResult Run()
    {
        using var connection = new BrokerConnection(_options.Host, _options.Port);
        var coreBefore = ProcessorTime.SecondsOf(_options.Pid);
        var clock = Stopwatch.StartNew();
        var bytes = 0L;
        for (var partition = 0; partition < _options.Partitions && clock.Elapsed.TotalSeconds < _options.Seconds; partition++)
        {
            bytes += ReadPartition(connection, partition, clock);
        }

        var seconds = clock.Elapsed.TotalSeconds;
        var core = ProcessorTime.SecondsOf(_options.Pid) - coreBefore;
        return new LoadResult($"fetch {_options.Partitions}p", bytes / 1e6, seconds, core, 0, 0, 0);
    }

    private long ReadPartition(BrokerConnection connection, int partition, Stopwatch clock)
    {
        var offset = 0L;
        var bytes = 0L;
        while (clock.Elapsed.TotalSeconds < _options.Seconds)
        {
            var answer = connection.Ask<FetchResponse>(ApiKey.Fetch, Version, Request(partition, offset));
            var data = answer.Responses[0].Partitions[0];
            if (data.ErrorCode != 0)
            {
                throw new InvalidDataException($"A fetch was answered with error {data.ErrorCode}.");
            }

            var records = (data.Records ?? default).Bytes.Span;
            if (records.IsEmpty)
            {
                return bytes;
            }

            while (RecordBatches.TryRead(records, out var batch, out _))
            {
                offset = batch.NextOffset;
                bytes += batch.SizeInBytes;
                records = records[batch.SizeInBytes..];
            }
        }

        return bytes;
    }

    private FetchRequest Request(int partition, long offset)
    {
        var topic = new FetchRequest.FetchTopic { Topic = _options.Topic };
        topic.Partitions.Add(new FetchRequest.FetchPartition
        {
            Partition = partition,
            CurrentLeaderEpoch = -1,
            FetchOffset = offset,
            PartitionMaxBytes = 1 << 20,
        });
        var request = new FetchRequest { MaxWaitMs = 0, MinBytes = 0, MaxBytes = 8 << 20, SessionEpoch = -1 };
        request.Topics.Add(topic);
        return request;
    }
}
