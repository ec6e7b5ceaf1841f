using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Threading;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Deterministic.Tests.Processes.Failover;

/// <summary>
/// An idempotent producer with acks=all at a steady rate, in numbered records, while somebody kills leaders; and the judge
/// who reads everything afterwards.
/// </summary>
internal sealed class FailoverLoad : IDisposable
{
    public const string Topic = "failover";
    public const int Partitions = 3;
    private const int RecordsPerSecond = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _bootstrap;
    private readonly IProducer<Null, string> _producer;
    private readonly Thread _thread;
    private readonly long[] _sent = new long[Partitions];
    private readonly List<HashSet<long>> _acked = [];
    private readonly List<(long SentAt, long AckedAt)>[] _times = new List<(long, long)>[Partitions];
    private readonly Lock _lock = new();
    private volatile bool _isOver;
    private int _failed;

    /// <param name="bootstrap">Where the cluster is.</param>
    /// <param name="mode">The topic's durability.mode; null for what the broker has.</param>
    /// <param name="replicas">Which nodes have which partition, the preferred leader first; null lets the cluster choose.</param>
    public FailoverLoad(string bootstrap, string? mode = null, List<List<int>>? replicas = null)
    {
        _bootstrap = bootstrap;
        for (var partition = 0; partition < Partitions; partition++)
        {
            _acked.Add([]);
            _times[partition] = [];
        }

        CreateTopic(mode, replicas);
        var config = new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 2,
            MessageTimeoutMs = (int)Patience.TotalMilliseconds,
            RequestTimeoutMs = 5_000,
            SocketTimeoutMs = 6_000,
            TopicMetadataRefreshIntervalMs = 1_000,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
            RetryBackoffMs = 50,
        };
        _producer = new ProducerBuilder<Null, string>(config).SetLogHandler((_, _) => { }).Build();
        _thread = new Thread(Send) { IsBackground = true };
        _thread.Start();
    }

    public int Failed => _failed;

    public long AckedCount
    {
        get
        {
            lock (_lock)
            {
                return _acked[0].Count + _acked[1].Count + _acked[2].Count;
            }
        }
    }

    /// <summary>Who leads a partition; -1 where nobody does.</summary>
    public int LeaderOf(int partition)
    {
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        return admin.GetMetadata(Topic, Patience).Topics[0].Partitions.Find(p => p.PartitionId == partition)!.Leader;
    }

    /// <summary>True where every replica of every partition is in sync.</summary>
    public bool IsInSync() => InSync().TrueForAll(counts => counts.Replicas == counts.InSync);

    /// <summary>Partitions that this broker leads.</summary>
    public List<int> LedBy(int broker)
    {
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        return admin.GetMetadata(Topic, Patience).Topics[0].Partitions
            .FindAll(p => p.Leader == broker).ConvertAll(p => p.PartitionId);
    }

    /// <summary>
    /// Milliseconds from a moment until the first record that was sent after it was acknowledged, the slowest of these
    /// partitions; null where one has none yet.
    /// </summary>
    public double? WaitedSince(long moment, List<int> partitions)
    {
        lock (_lock)
        {
            var worst = 0L;
            foreach (var partition in partitions)
            {
                var first = long.MaxValue;
                foreach (var (sentAt, ackedAt) in _times[partition])
                {
                    first = sentAt >= moment ? Math.Min(first, ackedAt) : first;
                }

                if (first == long.MaxValue)
                {
                    return null;
                }

                worst = Math.Max(worst, first - moment);
            }

            return worst * 1000.0 / Stopwatch.Frequency;
        }
    }

    /// <summary>Nothing more is sent; waits for what is under way.</summary>
    public void End()
    {
        _isOver = true;
        _thread.Join();
        _producer.Flush(Patience);
    }

    /// <summary>Reads everything: each acknowledged record once, in the order in which it was sent.</summary>
    public string? Judge()
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = _bootstrap,
            GroupId = "judge",
            EnableAutoCommit = false,
            CheckCrcs = true,
            EnablePartitionEof = true,
        };
        using var consumer = new ConsumerBuilder<Ignore, string>(config).SetLogHandler((_, _) => { }).Build();
        var assignment = new List<TopicPartitionOffset>();
        for (var partition = 0; partition < Partitions; partition++)
        {
            assignment.Add(new TopicPartitionOffset(Topic, partition, Offset.Beginning));
        }

        consumer.Assign(assignment);
        var last = new long[Partitions];
        var seen = new long[Partitions];
        Array.Fill(last, -1);
        for (var ended = 0; ended < Partitions;)
        {
            var read = consumer.Consume(Patience);
            if (read is null)
            {
                return "nothing comes any more";
            }

            if (read.IsPartitionEOF)
            {
                ended++;
                continue;
            }

            var partition = read.Partition.Value;
            var number = long.Parse(read.Message.Value, CultureInfo.InvariantCulture);
            if (number <= last[partition])
            {
                return FormattableString.Invariant($"partition {partition}: {number} at {read.Offset} after {last[partition]}");
            }

            last[partition] = number;
            seen[partition] += _acked[partition].Contains(number) ? 1 : 0;
        }

        for (var partition = 0; partition < Partitions; partition++)
        {
            if (seen[partition] != _acked[partition].Count)
            {
                return FormattableString.Invariant(
                    $"partition {partition}: {_acked[partition].Count - seen[partition]} acknowledged records are missing");
            }
        }

        return null;
    }

    public void Dispose()
    {
        _isOver = true;
        _thread.Join();
        _producer.Dispose();
    }

    private List<(int Replicas, int InSync)> InSync()
    {
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        return admin.GetMetadata(Topic, Patience).Topics[0].Partitions
            .ConvertAll(p => (p.Replicas.Length, p.InSyncReplicas.Length));
    }

    private void CreateTopic(string? mode, List<List<int>>? replicas)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _bootstrap })
            .SetLogHandler((_, _) => { }).Build();
        var topic = new TopicSpecification
        {
            Name = Topic,
            NumPartitions = Partitions,
            ReplicationFactor = ProcessCluster.Count,
            Configs = new Dictionary<string, string> { ["min.insync.replicas"] = "2" },
        };
        if (mode is not null)
        {
            topic.Configs["durability.mode"] = mode;
        }

        if (replicas is not null)
        {
            topic.ReplicationFactor = -1;
            topic.ReplicasAssignments = [];
            for (var partition = 0; partition < Partitions; partition++)
            {
                topic.ReplicasAssignments[partition] = replicas[partition];
            }
        }

        admin.CreateTopicsAsync([topic]).GetAwaiter().GetResult();
        Thread.Sleep(1_000);
    }

    private void Send()
    {
        var began = Stopwatch.GetTimestamp();
        for (long count = 0; !_isOver; count++)
        {
            var due = began + (count * Stopwatch.Frequency / RecordsPerSecond);
            while (Stopwatch.GetTimestamp() < due)
            {
                Thread.Sleep(1);
            }

            var partition = (int)(count % Partitions);
            var number = _sent[partition]++;
            Produce(partition, number);
        }
    }

    private void Produce(int partition, long number)
    {
        var message = new Message<Null, string> { Value = number.ToString(CultureInfo.InvariantCulture) };
        var sentAt = Stopwatch.GetTimestamp();
        _producer.Produce(new TopicPartition(Topic, partition), message, report =>
        {
            lock (_lock)
            {
                if (report.Error.IsError)
                {
                    _failed++;
                    return;
                }

                _acked[partition].Add(number);
                _times[partition].Add((sentAt, Stopwatch.GetTimestamp()));
            }
        });
    }
}
