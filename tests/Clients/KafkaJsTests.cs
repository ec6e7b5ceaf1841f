using System;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>kafkajs, a client written without librdkafka or Java. The checks are in Scripts/kafkajs.js.</summary>
[Collection(ClientCollection.Name)]
public sealed class KafkaJsTests(TestBroker broker)
{
    [ClientTheory(Needs.KafkaJs)]
    [InlineData("produce_and_read")]
    [InlineData("group_of_two")]
    [InlineData("admin_calls")]
    public void Kafkajs_finds_what_it_expects_of_Kafka(string scenario) =>
        new Tool("node", Installed.Script("kafkajs.js"), broker.Bootstrap, scenario)
        {
            Environment = new() { ["DETERMINISTIC_KAFKAJS"] = Installed.KafkaJs },
            Deadline = TimeSpan.FromSeconds(120),
        }.MustRun();
}
