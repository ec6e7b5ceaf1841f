using System;
using System.Globalization;
using System.IO;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>Kafka's own producers and consumers, and the tools that look at and delete records.</summary>
[Collection(ClientCollection.Name)]
public sealed class JavaRecordToolTests(TestBroker broker)
{
    private readonly JavaTools _java = new(broker.Bootstrap);

    [ClientFact(Needs.JavaTools)]
    public void The_console_consumer_prints_what_the_console_producer_read()
    {
        var topic = _java.NewTopic(1);
        _java.ConsoleProducer(topic, JavaTools.Numbered("line", 1000)).MustRun();
        var read = _java.ConsoleConsumer(topic, 1000).MustRun();
        Assert.Equal(JavaTools.Numbered("line", 1000), read.Output);

        var partitioned = _java.NewTopic(3);
        string[] keyed =
            ["--property", "parse.key=true", "--property", "key.separator=:", "--compression-codec", "zstd"];
        var lines = JavaTools.Numbered("a:x", 300) + JavaTools.Numbered("b:y", 300);
        _java.ConsoleProducer(partitioned, lines, keyed).MustRun();
        read = _java.ConsoleConsumer(partitioned, 600, "--group", TestBroker.Fresh("group")).MustRun();
        var expected = (JavaTools.Numbered("x", 300) + JavaTools.Numbered("y", 300)).Split('\n',
            StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(JavaTools.Sorted(expected), JavaTools.Sorted(read.Lines));
    }

    [ClientFact(Needs.JavaTools)]
    public void Offsets_are_told_by_position_and_by_time_and_records_are_deleted()
    {
        var topic = _java.NewTopic(1);
        _java.ConsoleProducer(topic, JavaTools.Numbered("line", 500)).MustRun();
        _java.GetOffsets("--topic", topic).MustContain($"{topic}:0:500");
        _java.GetOffsets("--topic", topic, "--time", "-2").MustContain($"{topic}:0:0");
        _java.GetOffsets("--topic", topic, "--time", "1").MustContain($"{topic}:0:0");
        _java.GetOffsets("--topic", topic, "--time", "max-timestamp").MustContain($"{topic}:0:");
        DeleteRecordsBelow(topic, 123);
        _java.GetOffsets("--topic", topic, "--time", "earliest").MustContain($"{topic}:0:123");
        var left = _java.ConsoleConsumer(topic, 377).MustRun();
        Assert.Equal("line 123", left.Lines[0]);
        Assert.Equal("line 499", left.Lines[^1]);
    }

    [ClientFact(Needs.JavaTools)]
    public void The_performance_tools_run_with_their_default_settings()
    {
        const int Records = 200_000;
        var topic = _java.NewTopic(3);
        _java.ProducerPerformance(topic, Records).MustContain("200000 records sent, ");
        _java.ProducerPerformance(topic, Records, "acks=1", "enable.idempotence=false", "compression.type=lz4")
            .MustContain("200000 records sent, ");
        var report = _java.Run(JavaTools.Class("ConsumerPerformance"), "--topic", topic, "--messages", "400000",
            "--timeout", "60000");
        var read = long.Parse(report.Lines[^1].Split(',')[4], CultureInfo.InvariantCulture);
        Assert.True(read >= 2 * Records, report.ToString());
    }

    [ClientFact(Needs.JavaTools)]
    public void The_verifiable_producer_and_consumer_agree()
    {
        var topic = _java.NewTopic(2);
        _java.Run(JavaTools.Class("VerifiableProducer"), "--topic", topic, "--max-messages", "5000")
            .MustContain("\"sent\":5000,\"acked\":5000");
        var consumed = _java.Run(JavaTools.Class("VerifiableConsumer"), "--topic", topic, "--group-id",
            TestBroker.Fresh("verifiable"), "--max-messages", "5000", "--reset-policy", "earliest");
        consumed.MustContain("\"partitions_assigned\"").MustContain("\"success\":true")
            .MustContain("\"shutdown_complete\"");
        long sum = 0;
        foreach (var line in consumed.Lines)
        {
            const string Count = "\"name\":\"records_consumed\",\"count\":";
            var at = line.IndexOf(Count, StringComparison.Ordinal);
            if (at >= 0)
            {
                var digits = line[(at + Count.Length)..].Split(',')[0];
                sum += long.Parse(digits, CultureInfo.InvariantCulture);
            }
        }

        Assert.Equal(5000, sum);
    }

    private void DeleteRecordsBelow(string topic, long offset)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, FormattableString.Invariant(
                $$"""{"partitions":[{"topic":"{{topic}}","partition":0,"offset":{{offset}}}],"version":1}"""));
            _java.Run(JavaTools.Class("DeleteRecordsCommand"), "--offset-json-file", file)
                .MustContain(FormattableString.Invariant($"partition: {topic}-0\tlow_watermark: {offset}"));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
