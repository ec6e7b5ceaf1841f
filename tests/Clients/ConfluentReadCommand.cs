using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Confluent.Kafka;

namespace Deterministic.Tests.Clients;

/// <summary>
/// `confluent-read HOST:PORT TOPIC`: Confluent.Kafka reads every partition of a topic from its start to the end it has
/// now; each record is a line "partition offset value" on standard output. Used by show-100mb.sh; it ends with 1 when
/// the client reports an error or nothing comes.
/// </summary>
public static class ConfluentReadCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static int Run(string[] arguments)
    {
        if (arguments.Length != 2)
        {
            Console.Error.WriteLine("confluent-read HOST:PORT TOPIC");
            return 2;
        }

        ConfluentLibrary.Load();
        var config = new ConsumerConfig
        {
            BootstrapServers = arguments[0],
            GroupId = "confluent-read-" + Guid.NewGuid().ToString("N"),
            EnableAutoCommit = false,
            CheckCrcs = true,
        };
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var assignment = new List<TopicPartitionOffset>();
        long records = 0;
        foreach (var partition in admin.GetMetadata(arguments[1], Patience).Topics[0].Partitions)
        {
            assignment.Add(new TopicPartitionOffset(arguments[1], partition.PartitionId, Offset.Beginning));
            var offsets = consumer.QueryWatermarkOffsets(assignment[^1].TopicPartition, Patience);
            records += offsets.High.Value - offsets.Low.Value;
        }

        consumer.Assign(assignment);
        return Copy(consumer, records);
    }

    private static int Copy(IConsumer<Ignore, byte[]> consumer, long records)
    {
        using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 20);
        for (long count = 0; count < records; count++)
        {
            var read = consumer.Consume(Patience);
            if (read is null)
            {
                Console.Error.WriteLine(FormattableString.Invariant($"nothing for 60 s after {count} of {records}"));
                return 1;
            }

            output.Write(Encoding.ASCII.GetBytes(
                FormattableString.Invariant($"{read.Partition.Value} {read.Offset.Value} ")));
            output.Write(read.Message.Value);
            output.WriteByte((byte)'\n');
        }

        output.Flush();
        Console.Error.WriteLine("Confluent.Kafka on librdkafka " + Library.VersionString + " read "
            + records.ToString(CultureInfo.InvariantCulture) + " records");
        return 0;
    }
}
