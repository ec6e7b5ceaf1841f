using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Clients;

/// <summary>One record as a consumer sees it. Key and value are copies and stay valid.</summary>
public readonly record struct ConsumedRecord(
    string Topic, int Partition, long Offset, long TimestampMs, int LeaderEpoch, byte[]? Key, byte[]? Value);

/// <summary>Settings of a consumer, by Kafka's names and defaults.</summary>
public sealed record ConsumerOptions : ClientOptions
{
    /// <summary><c>fetch.max.wait.ms</c>.</summary>
    public int MaxWaitMs { get; init; } = 500;

    /// <summary><c>fetch.min.bytes</c>.</summary>
    public int MinBytes { get; init; } = 1;

    /// <summary><c>fetch.max.bytes</c>.</summary>
    public int MaxBytes { get; init; } = 52_428_800;

    /// <summary><c>max.partition.fetch.bytes</c>.</summary>
    public int MaxPartitionBytes { get; init; } = 1_048_576;

    /// <summary><c>auto.offset.reset</c>: earliest where true, latest otherwise.</summary>
    public bool ResetsToEarliest { get; init; } = true;

    /// <summary><c>client.rack</c>: where a replica of the same rack is, records are read from it (KIP-392).</summary>
    public string Rack { get; init; } = "";

    /// <summary><c>group.id</c>; null for a consumer that is assigned its partitions by its owner.</summary>
    public string? GroupId { get; init; }

    /// <summary><c>group.instance.id</c>.</summary>
    public string? GroupInstanceId { get; init; }

    /// <summary><c>session.timeout.ms</c>.</summary>
    public int SessionTimeoutMs { get; init; } = 45_000;

    /// <summary><c>max.poll.interval.ms</c>, told to the coordinator as the rebalance time-out.</summary>
    public int RebalanceTimeoutMs { get; init; } = 300_000;

    /// <summary><c>heartbeat.interval.ms</c>.</summary>
    public Duration HeartbeatInterval { get; init; } = Duration.FromSeconds(3);
}

/// <summary>A consumer as a pure machine: partitions in, records out, in offset order.</summary>
/// <remarks>
/// Inputs   Assign, Unassign, Step
/// Effects  those of <see cref="Cluster"/>
///
/// A fetch answers with whole batches, the first of which may begin before the offset asked for, and the last of
/// which may be
/// cut off: records below the position are skipped, a cut batch is fetched again.
///
/// What was read may be lost where a topic allows that (unclean elections, page caches): see <see cref="Truncations"/>.
/// </remarks>
public sealed class ConsumerMachine
{
    private readonly ConsumerOptions _options;
    private readonly Cluster _cluster;
    private readonly ClientEffects _effects;
    private readonly List<ConsumerPosition> _positions = [];
    private readonly FetchConversation _fetching;

    public ConsumerMachine(ConsumerOptions options, ClientEffects effects)
    {
        _options = options;
        _effects = effects;
        _cluster = new Cluster(options, effects);
        _fetching = new FetchConversation(options, _cluster, _positions);
        if (options.GroupId is not null)
        {
            Group = new GroupMembership(options, _cluster, this);
        }
    }

    public Cluster Cluster => _cluster;

    /// <summary>The membership in its group; null where partitions are assigned by hand.</summary>
    public GroupMembership? Group { get; }

    public IReadOnlyList<ConsumerPosition> Positions => _positions;

    /// <summary>
    /// Records of the last steps; whoever reads them clears them. While there are many, nothing is fetched.
    /// </summary>
    public List<ConsumedRecord> Records => _fetching.Records;

    /// <summary>Records so far that were read from a follower in the consumer's own rack.</summary>
    public long ReadFromFollowers => _fetching.ReadFromFollowers;

    /// <summary>
    /// Records that were read and are not there any more; whoever reads these clears them. Of what <see cref="Records"/> still
    /// held, what is gone was taken out. While there are many, nothing is fetched.
    /// </summary>
    public List<LogTruncation> Truncations => _fetching.Truncations;

    /// <summary>Reads this partition from here on; -1 for wherever <c>auto.offset.reset</c> says.</summary>
    /// <param name="topic">Of the partition.</param>
    /// <param name="partition">Its index.</param>
    /// <param name="offset">The first to be read.</param>
    /// <param name="epoch">The leader epoch of the record before that, where it is known.</param>
    public void Assign(string topic, int partition, long offset, int epoch = -1)
    {
        _cluster.AddTopic(topic);
        var position = new ConsumerPosition(topic, partition) { Offset = offset };
        _positions.Add(position);
        if (offset > 0)
        {
            position.Trail.Add(epoch, offset - 1);
        }
    }

    public void UnassignAll()
    {
        _positions.Clear();
        _fetching.Reset();
    }

    /// <summary>Takes one input, fetches what may be fetched, and asks for the next wake-up.</summary>
    public void Step(in Now now, in ClientInput input)
    {
        _cluster.Step(now, input);
        Group?.Step(now.Instant);
        _fetching.Step(now.Instant);
        var next = Instant.Min(_cluster.NextDeadline(), _fetching.NextDeadline);
        if (Group is not null)
        {
            next = Instant.Min(next, Group.NextDeadline);
        }

        _effects.Add(new WakeAt(next));
    }
}
