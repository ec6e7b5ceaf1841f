using System;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>
/// kafka-topics, kafka-configs and kafka-log-dirs: topics and configurations as Kafka's own tools see them.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class JavaTopicToolTests(TestBroker broker)
{
    private readonly JavaTools _java = new(broker.Bootstrap);

    [ClientFact(Needs.JavaTools)]
    public void Topics_are_created_described_extended_listed_and_deleted()
    {
        var topic = _java.NewTopic(2, "retention.ms=123456");
        _java.Topics("--describe", "--topic", topic)
            .MustContain("PartitionCount: 2").MustContain("ReplicationFactor: 1").MustContain("retention.ms=123456")
            .MustContain("Partition: 1\tLeader: ");
        _java.Topics("--alter", "--topic", topic, "--partitions", "5");
        _java.Topics("--describe", "--topic", topic).MustContain("PartitionCount: 5");
        Assert.Contains(topic, _java.Topics("--list").Lines);
        _java.Topics("--delete", "--topic", topic);
        Assert.DoesNotContain(topic, _java.Topics("--list").Lines);
    }

    [ClientFact(Needs.JavaTools)]
    public void Wrong_topic_commands_fail_with_Kafkas_errors()
    {
        var topic = _java.NewTopic(2);
        MustFail("TopicExistsException", "--create", "--topic", topic);
        MustFail("InvalidPartitionsException", "--alter", "--topic", topic, "--partitions", "1");
        MustFail("InvalidReplicationFactorException", "--create", "--topic", topic + "x", "--replication-factor", "9");
        MustFail("InvalidTopicException", "--create", "--topic", "no/slash");
    }

    [ClientFact(Needs.JavaTools)]
    public void Topic_configurations_are_described_and_altered()
    {
        var topic = _java.NewTopic(1);
        string[] entity = ["--entity-type", "topics", "--entity-name", topic];
        _java.Configs(["--alter", "--add-config", "retention.ms=99000,cleanup.policy=[compact,delete]", .. entity])
            .MustContain("Completed updating config for topic " + topic);
        _java.Configs(["--describe", .. entity])
            .MustContain("retention.ms=99000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=99000")
            .MustContain("cleanup.policy=compact,delete");
        _java.Configs(["--alter", "--delete-config", "retention.ms", .. entity]);
        var described = _java.Configs(["--describe", .. entity]).MustContain("cleanup.policy=compact,delete");
        Assert.DoesNotContain("retention.ms", described.Output, StringComparison.Ordinal);
        _java.Configs(["--describe", "--all", .. entity])
            .MustContain("retention.ms=604800000").MustContain("segment.bytes=1073741824")
            .MustContain("max.message.bytes=1048588").MustContain("message.timestamp.type=CreateTime");
    }

    [ClientFact(Needs.JavaTools)]
    public void Broker_configurations_are_described_and_altered()
    {
        string[] entity = ["--entity-type", "brokers", "--entity-name", "1"];
        _java.Configs(["--describe", "--all", .. entity])
            .MustContain("log.segment.bytes=1073741824").MustContain("num.partitions=").MustContain("node.id=1");
        _java.Configs(["--alter", "--add-config", "log.cleaner.threads=1,log.retention.ms=1000000000", .. entity]);
        _java.Configs(["--describe", .. entity])
            .MustContain("log.retention.ms=1000000000 sensitive=false synonyms={DYNAMIC_BROKER_CONFIG:");
        _java.Configs(["--alter", "--delete-config", "log.cleaner.threads,log.retention.ms", .. entity]);
        string[] all = ["--entity-type", "brokers", "--entity-default"];
        _java.Configs(["--alter", "--add-config", "log.retention.ms=900000000", .. all]);
        _java.Configs(["--describe", .. all]).MustContain("log.retention.ms=900000000");
        _java.Configs(["--alter", "--delete-config", "log.retention.ms", .. all]);
    }

    [ClientFact(Needs.JavaTools)]
    public void Log_directories_tell_the_size_of_each_partition()
    {
        var topic = _java.NewTopic(2);
        _java.ConsoleProducer(topic, JavaTools.Numbered("line", 100)).MustRun();
        _java.Run(JavaTools.Class("LogDirsCommand"), "--describe", "--topic-list", topic)
            .MustContain($"\"partition\":\"{topic}-0\",\"size\":").MustContain($"\"partition\":\"{topic}-1\"")
            .MustContain("\"isFuture\":false").MustContain("\"error\":null");
    }

    private void MustFail(string error, params string[] arguments)
    {
        var outcome = _java.Prepare(JavaTools.Class("TopicCommand"), arguments).Run();
        var isNamed = (outcome.Output + outcome.Errors).Contains(error, StringComparison.Ordinal);
        Assert.True(outcome.ExitCode != 0 && isNamed, $"{error} expected of {outcome}");
    }
}
