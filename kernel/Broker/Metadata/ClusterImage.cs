using System.Collections.Generic;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Metadata;

/// <summary>The registered brokers and controllers, in the order of their ids.</summary>
public sealed class ClusterImage
{
    private readonly SortedDictionary<int, BrokerRegistration> _brokers = [];
    private readonly SortedDictionary<int, RegisterControllerRecord> _controllers = [];

    public IReadOnlyCollection<BrokerRegistration> Brokers => _brokers.Values;

    public IReadOnlyCollection<int> Controllers => _controllers.Keys;

    /// <summary>How each controller registered itself last.</summary>
    public IReadOnlyCollection<RegisterControllerRecord> ControllerRecords => _controllers.Values;

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

    internal void Set(RegisterControllerRecord controller) => _controllers[controller.ControllerId] = controller;

    internal void ReplaceControllers(ClusterImage other)
    {
        _controllers.Clear();
        foreach (var controller in other.ControllerRecords)
        {
            Set(controller);
        }
    }
}
