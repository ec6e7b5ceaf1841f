using System;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// The two brokers of a differential run, started unless their addresses are given, equally configured.
/// </summary>
public sealed class DifferentialBrokers : IDisposable
{
    private readonly string _kafka;
    private readonly string _ours;
    private readonly IDisposable? _ownedKafka;
    private readonly IDisposable? _ownedOurs;

    private DifferentialBrokers(string? kafka, string? ours)
    {
        string[] settings = ["group.initial.rebalance.delay.ms=0", "auto.create.topics.enable=false"];
        if (kafka is null)
        {
            var started = new ApacheKafka(settings);
            (_ownedKafka, kafka) = (started, started.Bootstrap);
        }

        if (ours is null)
        {
            // Records are to be seen when Kafka shows them: written. In the flush mode they are seen when flushed.
            var started = new RealBroker(
                [.. settings, .. ApacheKafka.OneNodeSettings, "log.durability.mode=page-cache"]);
            (_ownedOurs, ours) = (started, started.Bootstrap);
        }
        else if (ours == "kafka")
        {
            var started = new ApacheKafka(settings);
            (_ownedOurs, ours) = (started, started.Bootstrap);
        }

        (_kafka, _ours) = (kafka, ours);
        AwaitCoordinator("Kafka", kafka);
        AwaitCoordinator("ours", ours);
    }

    /// <summary>Null starts one; "kafka" for ours starts a second Apache Kafka.</summary>
    public static DifferentialBrokers Start(string? kafka, string? ours) => new(kafka, ours);

    /// <summary>A runner with connections of its own.</summary>
    public SequenceRunner Connect(Differences differences, string prefix) =>
        new(new Peer("Kafka", _kafka), new Peer("ours", _ours), differences, prefix);

    public void Dispose()
    {
        _ownedKafka?.Dispose();
        _ownedOurs?.Dispose();
    }

    private static void AwaitCoordinator(string name, string bootstrap)
    {
        using var peer = new Peer(name, bootstrap);
        peer.AwaitCoordinator();
    }
}
