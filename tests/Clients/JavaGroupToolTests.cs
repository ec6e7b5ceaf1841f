using System;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>kafka-consumer-groups: groups while they have members, their offsets after, and their end.</summary>
[Collection(ClientCollection.Name)]
public sealed class JavaGroupToolTests(TestBroker broker)
{
    private readonly JavaTools _java = new(broker.Bootstrap);

    [ClientFact(Needs.JavaTools)]
    public void A_group_is_listed_described_reset_and_deleted()
    {
        var topic = _java.NewTopic(1);
        var group = TestBroker.Fresh("java-group");
        _java.ConsoleProducer(topic, JavaTools.Numbered("line", 300)).MustRun();
        _java.ConsoleConsumer(topic, 300, "--group", group).MustRun();

        Assert.Contains(group, _java.Groups("--list").Lines);
        MustDescribe(group, topic, consumed: 300);
        _java.Groups("--describe", "--group", group, "--state").MustContain("Empty");

        _java.Groups("--reset-offsets", "--group", group, "--topic", topic, "--to-earliest", "--execute");
        MustDescribe(group, topic, consumed: 0);
        _java.Groups("--reset-offsets", "--group", group, "--topic", topic + ":0", "--shift-by", "1", "--execute");
        MustDescribe(group, topic, consumed: 1);

        _java.Groups("--delete-offsets", "--group", group, "--topic", topic).MustContain("Successful");
        _java.Groups("--delete", "--group", group).MustContain("was successful");
        Assert.DoesNotContain(group, _java.Groups("--list").Lines);
    }

    [ClientFact(Needs.JavaTools)]
    public void A_group_with_a_member_is_stable_and_refuses_to_be_changed()
    {
        var topic = _java.NewTopic(2);
        var group = TestBroker.Fresh("java-group");
        using var member = _java.ConsoleConsumer(topic, 1_000_000, "--group", group).Start();
        _java.ConsoleProducer(topic, JavaTools.Numbered("line", 10)).MustRun();
        member.WaitFor("records", (output, _) => output.Split('\n').Length > 10);

        _java.Groups("--describe", "--group", group, "--members", "--verbose")
            .MustContain("console-consumer").MustContain($"{topic}:0,1");
        _java.Groups("--describe", "--group", group, "--state").MustContain("Stable").MustContain("range");
        var command = JavaTools.Class("consumer.group.ConsumerGroupCommand");
        var refused = _java.Prepare(command, "--delete", "--group", group).Run();
        Assert.Contains("GroupNotEmptyException", refused.Output + refused.Errors, StringComparison.Ordinal);

        member.Terminate();
        member.WaitForEnd();
        _java.Groups("--describe", "--group", group, "--state").MustContain("Empty");
    }

    private void MustDescribe(string group, string topic, long consumed)
    {
        var outcome = _java.Groups("--describe", "--group", group, "--offsets");
        long sum = 0;
        foreach (var line in outcome.Lines)
        {
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length > 4 && columns[0] == group && columns[1] == topic)
            {
                sum += long.Parse(columns[3], System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        Assert.True(sum == consumed, $"current offsets sum to {sum}, not {consumed}, in {outcome}");
    }
}
