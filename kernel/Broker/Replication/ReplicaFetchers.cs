using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>Bounds of what a follower fetches: <c>replica.fetch.*</c>.</summary>
internal sealed record FetcherLimits(int MaxPartitionBytes, int MaxResponseBytes, int MaxWaitMs, int MinBytes);

/// <summary>What all fetchers of one node share.</summary>
internal sealed record FetcherEnvironment(
    int Self, PeerTable Peers, Timers Timers, StepClock Clock, FetcherLimits Limits, Func<long> BrokerEpoch)
{
    /// <summary>What is fetched to throttled replicas here.</summary>
    public required ReplicationQuota Quota { get; init; }

    public Now Now => Clock.Now;
}

/// <summary>Which fetcher follows which partition: one for each broker that leads something replicated here.</summary>
/// <remarks>
/// Inputs   Follow, Unfollow, LogAdvanced, BrokerChanged
/// Effects  those of the fetchers
/// </remarks>
internal sealed class ReplicaFetchers
{
    private readonly FetcherEnvironment _environment;
    private readonly MetadataImage _image;
    private readonly string _listener;
    private readonly SortedDictionary<int, ReplicaFetcher> _fetchers = [];
    private readonly SortedDictionary<(Uuid, int), (Partition Partition, int Leader)> _followed = [];

    /// <param name="environment">Shared by all fetchers.</param>
    /// <param name="image">Where leaders listen.</param>
    /// <param name="listener"><c>inter.broker.listener.name</c>.</param>
    public ReplicaFetchers(FetcherEnvironment environment, MetadataImage image, string listener)
    {
        _environment = environment;
        _image = image;
        _listener = listener;
    }

    /// <summary>Follows the leader that the partition has now; nobody where it leads itself or nobody does.</summary>
    public void Follow(Partition partition)
    {
        Unfollow(partition);
        if (partition.IsLeader || partition.LeaderId < 0 || partition.LeaderId == _environment.Self || partition.IsRemoved)
        {
            return;
        }

        _followed[(partition.TopicId, partition.Index)] = (partition, partition.LeaderId);
        FetcherOf(partition.LeaderId)?.Add(partition);
    }

    public void Unfollow(Partition partition)
    {
        if (_followed.Remove((partition.TopicId, partition.Index), out var was)
            && _fetchers.TryGetValue(was.Leader, out var fetcher))
        {
            fetcher.Remove(partition);
            if (fetcher.Count == 0)
            {
                fetcher.Close();
                _fetchers.Remove(was.Leader);
            }
        }
    }

    /// <summary>A broker listens elsewhere, or is known at last.</summary>
    public void BrokerChanged(int broker)
    {
        if (_fetchers.TryGetValue(broker, out var fetcher))
        {
            if (AddressOf(broker) is not { } address || address == fetcher.Leader)
            {
                return;
            }

            fetcher.Close();
            _fetchers.Remove(broker);
        }

        foreach (var (_, (partition, leader)) in _followed)
        {
            if (leader == broker)
            {
                FetcherOf(broker)?.Add(partition);
            }
        }
    }

    public void LogAdvanced(Partition partition)
    {
        if (_followed.TryGetValue((partition.TopicId, partition.Index), out var followed)
            && _fetchers.TryGetValue(followed.Leader, out var fetcher))
        {
            fetcher.LogAdvanced(partition);
        }
    }

    private ReplicaFetcher? FetcherOf(int broker)
    {
        if (!_fetchers.TryGetValue(broker, out var fetcher) && AddressOf(broker) is { } address)
        {
            fetcher = new ReplicaFetcher(_environment, address);
            _fetchers.Add(broker, fetcher);
        }

        return fetcher;
    }

    private PeerAddress? AddressOf(int broker) =>
        _image.Cluster.Find(broker)?.EndpointOf(_listener) is { } endpoint
            ? new PeerAddress(broker, endpoint.Host, endpoint.Port)
            : null;
}
