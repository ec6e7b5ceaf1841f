using System;
using Xunit;

namespace Deterministic.Tests;

/// <summary>Where Apache Kafka's jars are, if the machine has them: an oracle, never a need of ours.</summary>
public static class KafkaHome
{
    public static string? Path =>
        Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } path ? path : null;
}

/// <summary>A test that asks Apache Kafka itself, and is skipped, saying so, where there is none.</summary>
public sealed class KafkaFactAttribute : FactAttribute
{
    public KafkaFactAttribute()
    {
        if (KafkaHome.Path is null)
        {
            Skip = "KAFKA_HOME is not set; it names a folder whose libs/ holds Apache Kafka's jars";
        }
    }
}
