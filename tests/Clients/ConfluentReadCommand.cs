using System;
using System.Globalization;
using System.IO;
using Confluent.Kafka;

namespace Deterministic.Tests.Clients;

/// <summary>
/// `confluent-read HOST:PORT TOPIC`: Confluent.Kafka reads partition 0 of a topic from its start to the end it has
/// now, each value a line on standard output. Used by show-100mb.sh; it ends with 1 when the client reports an
/// error.
/// </summary>
public static class ConfluentReadCommand
{
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
        var partition = new TopicPartition(arguments[1], 0);
        var end = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(30)).High.Value;
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        return Copy(consumer, end);
    }

    private static int Copy(IConsumer<Ignore, byte[]> consumer, long end)
    {
        using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 20);
        for (long next = 0; next < end;)
        {
            var read = consumer.Consume(TimeSpan.FromSeconds(60));
            if (read is null)
            {
                Console.Error.WriteLine(FormattableString.Invariant($"nothing for 60 s at offset {next} of {end}"));
                return 1;
            }

            output.Write(read.Message.Value);
            output.WriteByte((byte)'\n');
            next = read.Offset.Value + 1;
        }

        output.Flush();
        Console.Error.WriteLine("Confluent.Kafka (librdkafka " + Library.VersionString + ") read "
            + end.ToString(CultureInfo.InvariantCulture) + " records");
        return 0;
    }
}
