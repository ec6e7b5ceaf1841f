using System;
using System.Globalization;

namespace Deterministic.Tests.Clients;

/// <summary>
/// Kafka's own command line tools by name, pointed at the broker under test, with their default settings.
/// </summary>
public sealed class JavaTools(string bootstrap)
{
    private const string Tools = "org.apache.kafka.tools.";

    public ToolOutcome Topics(params string[] arguments) => Run(Tools + "TopicCommand", arguments);

    public ToolOutcome Configs(params string[] arguments) => Run("kafka.admin.ConfigCommand", arguments);

    public ToolOutcome Groups(params string[] arguments) =>
        Run(Tools + "consumer.group.ConsumerGroupCommand", arguments);

    public ToolOutcome GetOffsets(params string[] arguments) => Run(Tools + "GetOffsetShell", arguments);

    public ToolOutcome Run(string mainClass, params string[] arguments) => Prepare(mainClass, arguments).MustRun();

    /// <summary>A tool that has not been started: for those that must fail, are fed, or run beside the test.</summary>
    public Tool Prepare(string mainClass, params string[] arguments) =>
        ApacheKafka.Java(mainClass, ["--bootstrap-server", bootstrap, .. arguments]);

    /// <summary>
    /// Tools name options of their own for the broker's address: perf tools of the producer, for one.
    /// </summary>
    public ToolOutcome ProducerPerformance(string topic, int records, params string[] properties) =>
        ApacheKafka.Java(Tools + "ProducerPerformance",
        [
            "--topic", topic, "--num-records", records.ToString(CultureInfo.InvariantCulture), "--record-size", "100",
            "--throughput", "-1", "--producer-props", "bootstrap.servers=" + bootstrap, .. properties,
        ]).MustRun();

    public Tool ConsoleProducer(string topic, string lines, params string[] arguments) =>
        Prepare(Tools + "ConsoleProducer", ["--topic", topic, .. arguments]) with { Input = lines };

    public Tool ConsoleConsumer(string topic, int records, params string[] arguments) =>
        Prepare(Tools + "consumer.ConsoleConsumer",
        [
            "--topic", topic, "--from-beginning", "--max-messages", records.ToString(CultureInfo.InvariantCulture),
            "--timeout-ms", "30000", .. arguments,
        ]);

    /// <summary>A fresh topic with so many partitions.</summary>
    public string NewTopic(int partitions, params string[] configs)
    {
        var topic = TestBroker.Fresh("java");
        string[] arguments =
        [
            "--create", "--topic", topic, "--partitions", partitions.ToString(CultureInfo.InvariantCulture),
            "--replication-factor", "1",
        ];
        foreach (var config in configs)
        {
            arguments = [.. arguments, "--config", config];
        }

        Topics(arguments).MustContain("Created topic " + topic);
        return topic;
    }

    public static string Class(string name) => Tools + name;

    /// <summary>The lines "prefix 0" to "prefix count-1", each ended by a newline.</summary>
    public static string Numbered(string prefix, int count)
    {
        var lines = new System.Text.StringBuilder();
        for (var i = 0; i < count; i++)
        {
            lines.Append(prefix).Append(' ').Append(i).Append('\n');
        }

        return lines.ToString();
    }

    /// <summary>Sorted copy: what consumers of several partitions print has no order of its own.</summary>
    public static string[] Sorted(string[] lines)
    {
        var copy = (string[])lines.Clone();
        Array.Sort(copy, StringComparer.Ordinal);
        return copy;
    }
}
