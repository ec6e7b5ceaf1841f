using System;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>The two Python clients, each scenario of their scripts one test. The checks are in the scripts.</summary>
[Collection(ClientCollection.Name)]
public sealed class PythonTests(TestBroker broker)
{
    [ClientTheory(Needs.KafkaPython)]
    [InlineData("produce_and_read")]
    [InlineData("offsets_and_seek")]
    [InlineData("group_of_two")]
    [InlineData("admin_calls")]
    public void Kafka_python_finds_what_it_expects_of_Kafka(string scenario) => Run("kafka_python.py", scenario);

    [ClientTheory(Needs.ConfluentPython)]
    [InlineData("every_codec")]
    [InlineData("eager_group")]
    [InlineData("cooperative_group")]
    [InlineData("static_group")]
    [InlineData("admin_calls")]
    public void Confluent_kafka_for_Python_finds_what_it_expects_of_Kafka(string scenario) =>
        Run("confluent_python.py", scenario);

    private void Run(string script, string scenario) =>
        new Tool(Installed.SystemPython, Installed.Script(script), broker.Bootstrap, scenario)
        {
            Deadline = TimeSpan.FromSeconds(120),
        }.MustRun();
}
