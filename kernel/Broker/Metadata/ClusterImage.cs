using System.Collections.Generic;

namespace Deterministic.Broker.Metadata;

/// <summary>The registered brokers and controllers, in the order of their ids.</summary>
public sealed class ClusterImage
{
    private readonly SortedDictionary<int, BrokerRegistration> _brokers = [];
    private readonly SortedSet<int> _controllers = [];

    public IReadOnlyCollection<BrokerRegistration> Brokers => _brokers.Values;

    public IReadOnlyCollection<int> Controllers => _controllers;

    public BrokerRegistration? Find(int id) => _brokers.TryGetValue(id, out var broker) ? broker : null;

    /// <summary>Brokers that clients may be told of.</summary>
    public int AliveCount
    {
        get
        {
            var count = 0;
            foreach (var (_, broker) in _brokers)
            {
                count += broker.IsFenced ? 0 : 1;
            }

            return count;
        }
    }

    internal void Set(BrokerRegistration broker) => _brokers[broker.Id] = broker;

    internal void Remove(int id) => _brokers.Remove(id);

    internal void AddController(int id) => _controllers.Add(id);
}
