using System.Collections.Generic;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;

namespace Deterministic.Broker.Apis;

/// <summary>
/// Over which connection each broker sent its last heartbeat. When that one breaks the controller is told that the broker may be
/// dead: a hint that Kafka does not take, and that a living broker takes back by being heard again at once.
/// </summary>
public sealed class HeartbeatingBrokers(ControllerRequests requests)
{
    private readonly SortedDictionary<int, IRequestOrigin> _last = [];

    /// <summary>This broker was heard over this connection.</summary>
    public void Heard(int broker, IRequestOrigin connection) => _last[broker] = connection;

    /// <summary>A connection is closed; most were nobody's.</summary>
    public void Closed(IRequestOrigin connection)
    {
        foreach (var (broker, last) in _last)
        {
            if (ReferenceEquals(last, connection))
            {
                _last.Remove(broker);
                requests.ConnectionLost(broker);
                return;
            }
        }
    }
}
