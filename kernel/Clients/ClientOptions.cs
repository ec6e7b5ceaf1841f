using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Clients;

/// <summary>
/// What every client is told, by the names and defaults of Kafka's Java clients where they have one.
/// </summary>
public record ClientOptions
{
    /// <summary><c>bootstrap.servers</c>.</summary>
    public IReadOnlyList<(string Host, int Port)> BootstrapServers { get; init; } = [("localhost", 9092)];

    /// <summary><c>client.id</c>.</summary>
    public string ClientId { get; init; } = "deterministic";

    /// <summary>Seed of the client's own generator (jitter, member names).</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// <c>request.timeout.ms</c>: a connection that leaves a request unanswered for longer is given up.
    /// </summary>
    public Duration RequestTimeout { get; init; } = Duration.FromSeconds(30);

    /// <summary><c>retry.backoff.ms</c>.</summary>
    public Duration RetryBackoff { get; init; } = Duration.FromMilliseconds(100);

    /// <summary><c>reconnect.backoff.ms</c>.</summary>
    public Duration ReconnectBackoff { get; init; } = Duration.FromMilliseconds(50);

    /// <summary><c>metadata.max.age.ms</c>.</summary>
    public Duration MetadataMaxAge { get; init; } = Duration.FromSeconds(300);
}
