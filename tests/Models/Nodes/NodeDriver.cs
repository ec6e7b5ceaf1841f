using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Broker;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Tests.Models.Nodes;

/// <summary>
/// One node on one simulated disk, and clients that speak to it in whole frames; time jumps to what is due.
/// </summary>
internal sealed class NodeDriver
{
    private const long WallAtStart = 1_700_000_000_000;
    private readonly NodeOptions _options;
    private readonly Dictionary<long, Queue<byte[]>> _received = [];
    private Instant _now = new(1);
    private Instant _wakeAt = Instant.Never;
    private long _nextConnection = 1;
    private int _nextCorrelation = 1;

    public NodeDriver(NodeOptions? options = null, ulong seed = 7)
    {
        _options = options ?? new NodeOptions { ClusterId = new Uuid(0x1234, 0x8000_0000_0000_5678) };
        Disk = new SimulatedDisk(new DiskOptions(), new Prng(seed));
        Start();
    }

    public SimulatedDisk Disk { get; }

    public Effects Effects { get; private set; } = new();

    public Node Node { get; private set; } = null!;

    public string? HaltedFor { get; private set; }

    public List<ProbePoint> Probes { get; } = [];

    /// <summary>Bytes that the node's steps allocated; what this driver allocates is not in it.</summary>
    public long AllocatedBySteps { get; private set; }

    public Now Now => new(_now, WallAtStart + (_now.Microseconds / 1000));

    /// <summary>Starts the node on what the disk holds and runs until it serves or halts.</summary>
    public void Start()
    {
        Effects = new Effects();
        Node = new Node(_options, Effects);
        _wakeAt = Instant.Never;
        _received.Clear();
        HaltedFor = null;
        Step(Input.Started(Disk.Image()));
        RunUntil(() => Node.IsServing || HaltedFor is not null);
    }

    public void CrashAndStart(bool losePower)
    {
        if (losePower)
        {
            Disk.LosePower();
        }
        else
        {
            Disk.LoseProcess();
        }

        Start();
    }

    public void StopAndStart()
    {
        Step(Input.StopRequested());
        RunUntil(() => HaltedFor is not null);
        Disk.LoseProcess();
        Start();
    }

    public ConnectionId Connect()
    {
        var connection = new ConnectionId(_nextConnection++);
        _received.Add(connection.Value, new Queue<byte[]>());
        Step(Input.Opened(connection, 0, "127.0.0.1"));
        return connection;
    }

    public RequestHeader Send(ConnectionId connection, ApiKey key, short version, IMessage request)
    {
        var header = new RequestHeader(key, version, _nextCorrelation++, "test");
        var frame = Frames.Request(header, request);
        Step(Input.Received(connection, frame.AsMemory(4)));
        return header;
    }

    /// <summary>Sends, runs until the answer is here, and reads it.</summary>
    public T Ask<T>(ConnectionId connection, ApiKey key, short version, IMessage request)
        where T : IMessage
    {
        var header = Send(connection, key, version, request);
        var answers = _received[connection.Value];
        RunUntil(() => answers.Count > 0);
        return (T)Read(header, answers.Dequeue());
    }

    public bool TryRead(ConnectionId connection, in RequestHeader header, out IMessage answer)
    {
        answer = new ProduceResponse();
        if (!_received[connection.Value].TryDequeue(out var bytes))
        {
            return false;
        }

        answer = Read(header, bytes);
        return true;
    }

    public void RunUntil(Func<bool> condition)
    {
        for (var i = 0; i < 100_000 && !condition(); i++)
        {
            var next = Instant.Min(_wakeAt, Disk.NextDue);
            if (next == Instant.Never)
            {
                break;
            }

            _now = new Instant(Math.Max(_now.Microseconds, next.Microseconds));
            if (Disk.TryTake(_now, out var answer))
            {
                Step(answer);
            }
            else
            {
                _wakeAt = Instant.Never;
                Step(Input.Tick());
            }
        }

        if (!condition())
        {
            throw new InvalidOperationException($"Nothing is left to happen. {HaltedFor}");
        }
    }

    public void Step(in Input input)
    {
        var now = Now;
        var before = GC.GetAllocatedBytesForCurrentThread();
        Node.Step(now, input);
        AllocatedBySteps += GC.GetAllocatedBytesForCurrentThread() - before;
        for (var i = 0; i < Effects.Count; i++)
        {
            if (!Disk.Execute(Effects, i, _now))
            {
                CarryOut(i);
            }
        }

        Effects.Clear();
    }

    public static byte[] Batch(int records, int valueBytes = 10, long producerId = -1, short epoch = -1, int sequence = -1)
    {
        var builder = new RecordBatchBuilder(10_000_000);
        builder.Begin(new BatchOptions { ProducerId = producerId, ProducerEpoch = epoch, BaseSequence = sequence });
        for (var i = 0; i < records; i++)
        {
            builder.TryAppend(WallAtStart + i, new NullableBytes([(byte)i]), new NullableBytes(new byte[valueBytes]));
        }

        return builder.Build().ToArray();
    }

    public void CreateTopic(ConnectionId connection, string name, int partitions, params (string, string)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = 1 };
        foreach (var (key, value) in configs)
        {
            topic.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = key, Value = value });
        }

        var request = new CreateTopicsRequest { TimeoutMs = 1000 };
        request.Topics.Add(topic);
        var answer = Ask<CreateTopicsResponse>(connection, ApiKey.CreateTopics, 7, request);
        if (answer.Topics[0].ErrorCode != 0)
        {
            throw new InvalidOperationException(answer.ToString());
        }
    }

    public static ProduceRequest Produce(string topic, int partition, byte[] batch, short acks = -1)
    {
        var data = new ProduceRequest.TopicProduceData { Name = topic };
        data.PartitionData.Add(new ProduceRequest.PartitionProduceData
        {
            Index = partition,
            Records = new Deterministic.Protocol.Records(batch),
        });
        var request = new ProduceRequest { Acks = acks, TimeoutMs = 10_000 };
        request.TopicData.Add(data);
        return request;
    }

    public static FetchRequest Fetch(string topic, int partition, long offset, int maxBytes = 1 << 20)
    {
        var asked = new FetchRequest.FetchTopic { Topic = topic };
        asked.Partitions.Add(new FetchRequest.FetchPartition
        {
            Partition = partition,
            FetchOffset = offset,
            PartitionMaxBytes = maxBytes,
        });
        var request = new FetchRequest { MaxBytes = maxBytes, MinBytes = 0, MaxWaitMs = 0, SessionEpoch = -1 };
        request.Topics.Add(asked);
        return request;
    }

    private static IMessage Read(in RequestHeader header, byte[] frame) =>
        Frames.ReadResponse(frame, header.ApiKey, header.ApiVersion, out _)
        ?? throw new InvalidOperationException("The answer cannot be read.");

    private void CarryOut(int position)
    {
        switch (Effects.KindAt(position))
        {
            case EffectKind.Send:
                Receive(Effects.SendAt(position));
                break;
            case EffectKind.Wake:
                _wakeAt = Effects.WakeAt(position).At;
                break;
            case EffectKind.Halt:
                HaltedFor = Effects.HaltAt(position).Why;
                break;
            case EffectKind.Probe:
                Probes.Add(Effects.ProbeAt(position).Point);
                break;
            default:
                break;
        }
    }

    private void Receive(in Send send)
    {
        var bytes = new byte[send.Length];
        var at = 0;
        for (var i = 0; i < send.PartCount; i++)
        {
            var part = Effects.Part(send.FirstPart + i);
            if (part.IsSlice)
            {
                Disk.ReadSlice(part.Slice, bytes.AsSpan(at, part.Length));
            }
            else
            {
                part.Bytes.Span.CopyTo(bytes.AsSpan(at));
            }

            at += part.Length;
        }

        if (BinaryPrimitives.ReadInt32BigEndian(bytes) != bytes.Length - 4)
        {
            throw new InvalidOperationException("The frame's length prefix is wrong.");
        }

        _received[send.Connection.Value].Enqueue(bytes[4..]);
    }
}
