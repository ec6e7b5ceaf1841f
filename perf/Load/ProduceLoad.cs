using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;
using HdrHistogram;

namespace Deterministic.Perf.Load;

/// <summary>
/// Sends the same batch over one connection, partition after partition, and waits for the answers: as many at a time as the
/// closed model allows, or when they are due in the open one. An open load counts from when a request was due, so that a
/// broker that stalls is not spared what would have come meanwhile.
/// </summary>
internal sealed class ProduceLoad
{
    private const short Version = 9;
    private const int CorrelationAt = 8;
    private readonly LoadOptions _options;
    private readonly LongHistogram _latencies = new(60_000_000, 3);
    private readonly Queue<long> _sentAt = new();

    public ProduceLoad(LoadOptions options)
    {
        _options = options;
    }

    public LoadResult Run()
    {
        using var connection = new BrokerConnection(_options.Host, _options.Port);
        Topics.Create(connection, _options);
        var frames = MakeFrames();
        RunFor(connection, frames, 1.0, 256L << 20);
        _latencies.Reset();
        var coreBefore = ProcessorTime.SecondsOf(_options.Pid);
        var clock = Stopwatch.StartNew();
        var sent = RunFor(connection, frames, _options.Seconds, _options.Bytes);
        var seconds = clock.Elapsed.TotalSeconds;
        var core = ProcessorTime.SecondsOf(_options.Pid) - coreBefore;
        return new LoadResult(
            $"produce {_options.Partitions}p {_options.BatchBytes / 1024} KiB",
            sent / 1e6,
            seconds,
            core,
            _latencies.GetValueAtPercentile(50) / 1000.0,
            _latencies.GetValueAtPercentile(99) / 1000.0,
            _latencies.GetValueAtPercentile(99.9) / 1000.0);
    }

    private long RunFor(BrokerConnection connection, byte[][] frames, double seconds, long maxBytes)
    {
        var clock = Stopwatch.StartNew();
        var count = 0L;
        var bytes = 0L;
        while (clock.Elapsed.TotalSeconds < seconds && bytes < maxBytes)
        {
            if (MaySend(clock, count))
            {
                var frame = frames[count % frames.Length];
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(CorrelationAt), (int)count);
                _sentAt.Enqueue(_options.Rate > 0 ? DueAt(count) : Micros(clock));
                connection.Send(frame);
                bytes += frame.Length;
                count++;
            }

            if (_sentAt.Count >= _options.InFlight || (_sentAt.Count > 0 && connection.HasAnswer))
            {
                TakeAnswer(connection, clock);
            }
        }

        while (_sentAt.Count > 0)
        {
            TakeAnswer(connection, clock);
        }

        return bytes;
    }

    private bool MaySend(Stopwatch clock, long count) =>
        _options.Rate > 0 ? Micros(clock) >= DueAt(count) : _sentAt.Count < _options.InFlight;

    private long DueAt(long count) => count * 1_000_000 / _options.Rate;

    private static long Micros(Stopwatch clock) => clock.ElapsedTicks * 1_000_000 / Stopwatch.Frequency;

    private void TakeAnswer(BrokerConnection connection, Stopwatch clock)
    {
        var answer = (ProduceResponse?)Frames.ReadResponse(connection.Receive(), ApiKey.Produce, Version, out _);
        var error = answer?.Responses[0].PartitionResponses[0].ErrorCode ?? -1;
        if (error != 0)
        {
            throw new InvalidDataException($"A produce was answered with error {error}.");
        }

        _latencies.RecordValue(Math.Clamp(Micros(clock) - _sentAt.Dequeue(), 1, 60_000_000));
    }

    private byte[][] MakeFrames()
    {
        var builder = new RecordBatchBuilder(_options.BatchBytes + 4096);
        builder.Begin(new BatchOptions());
        var value = new byte[_options.RecordBytes];
        new Random(1).NextBytes(value);
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        while (builder.SizeInBytes < _options.BatchBytes - _options.RecordBytes
            && builder.TryAppend(now, NullableBytes.Null, new NullableBytes(value)))
        {
        }

        var batch = builder.Build().ToArray();
        var frames = new byte[_options.Partitions][];
        for (var i = 0; i < frames.Length; i++)
        {
            var topic = new ProduceRequest.TopicProduceData { Name = _options.Topic };
            topic.PartitionData.Add(new ProduceRequest.PartitionProduceData
            {
                Index = i,
                Records = new Deterministic.Protocol.Records(batch),
            });
            var request = new ProduceRequest { Acks = _options.Acks, TimeoutMs = 30_000 };
            request.TopicData.Add(topic);
            frames[i] = Frames.Request(new RequestHeader(ApiKey.Produce, Version, 0, "perf"), request);
        }

        return frames;
    }
}
