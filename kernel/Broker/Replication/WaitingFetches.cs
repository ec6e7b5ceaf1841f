using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>Fetches that wait for news of one partition. Each is called once and may register anew from within.</summary>
internal sealed class WaitingFetches(Partition partition)
{
    private readonly List<IFetchWaiter> _waiting = [];
    private readonly List<IFetchWaiter> _woken = [];

    public void Add(IFetchWaiter waiter) => _waiting.Add(waiter);

    public void Remove(IFetchWaiter waiter) => _waiting.Remove(waiter);

    public void Wake()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        Invariant.Check(_woken.Count == 0);
        _woken.AddRange(_waiting);
        _waiting.Clear();
        foreach (var waiter in _woken)
        {
            waiter.PartitionAdvanced(partition);
        }

        _woken.Clear();
    }
}
