namespace Deterministic.Broker.Metadata.Configs;

/// <summary>
/// Every group configuration of Kafka 4.3: name, type, default, what a value must satisfy, and the broker
/// configuration
/// (or its own name, where there is none) under which the default is shown.
/// </summary>
internal static class GroupConfigText
{
    public const string Text = """
        consumer.assignment.interval.ms int 1000 0.. group.consumer.assignment.interval.ms
        consumer.heartbeat.interval.ms int 5000 1.. group.consumer.heartbeat.interval.ms
        consumer.session.timeout.ms int 45000 1.. group.consumer.session.timeout.ms
        share.assignment.interval.ms int 1000 0.. group.share.assignment.interval.ms
        share.auto.offset.reset string latest reset share.auto.offset.reset
        share.delivery.count.limit int 5 1.. group.share.delivery.count.limit
        share.heartbeat.interval.ms int 5000 1.. group.share.heartbeat.interval.ms
        share.isolation.level string read_uncommitted in:read_committed,read_uncommitted share.isolation.level
        share.partition.max.record.locks int 2000 1.. group.share.partition.max.record.locks
        share.record.lock.duration.ms int 30000 1.. group.share.record.lock.duration.ms
        share.renew.acknowledge.enable boolean true any share.renew.acknowledge.enable
        share.session.timeout.ms int 45000 1.. group.share.session.timeout.ms
        streams.assignment.interval.ms int 1000 0.. group.streams.assignment.interval.ms
        streams.heartbeat.interval.ms int 5000 1.. group.streams.heartbeat.interval.ms
        streams.initial.rebalance.delay.ms int 3000 0.. group.streams.initial.rebalance.delay.ms
        streams.num.standby.replicas int 0 0.. group.streams.num.standby.replicas
        streams.session.timeout.ms int 45000 1.. group.streams.session.timeout.ms
        """;
}
