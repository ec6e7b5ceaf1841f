using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>How long members of the metadata quorum wait; the defaults are Kafka's.</summary>
public sealed record QuorumTimeouts
{
    /// <summary>
    /// <c>controller.quorum.election.timeout.ms</c>: how long a voter waits for a leader, or for votes, before it tries
    /// (again); drawn anew each time between this and twice this.
    /// </summary>
    public Duration Election { get; init; } = Duration.FromMilliseconds(1000);

    /// <summary>
    /// <c>controller.quorum.fetch.timeout.ms</c>: how long a follower hears nothing from its leader before it stands for
    /// election; after 1.5 times this without a majority of its voters a leader resigns.
    /// </summary>
    public Duration Fetch { get; init; } = Duration.FromMilliseconds(2000);

    /// <summary><c>controller.quorum.election.backoff.max.ms</c>: after a lost election.</summary>
    public Duration BackoffMax { get; init; } = Duration.FromMilliseconds(1000);

    /// <summary><c>controller.quorum.request.timeout.ms</c>.</summary>
    public Duration Request { get; init; } = Duration.FromMilliseconds(2000);

    /// <summary>How long a leader holds a fetch that has nothing to get; Kafka's own value, no configuration.</summary>
    public Duration FetchWait { get; init; } = Duration.FromMilliseconds(500);

    /// <summary><c>controller.quorum.retry.backoff.ms</c>.</summary>
    public Duration Retry { get; init; } = Duration.FromMilliseconds(20);
}
