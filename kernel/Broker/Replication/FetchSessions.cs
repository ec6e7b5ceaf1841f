using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>
/// The fetch sessions of one node. When there is no room a client is simply answered without a session.
/// </summary>
public sealed class FetchSessions
{
    /// <summary>Bound: <c>max.incremental.fetch.session.cache.slots</c>.</summary>
    public const int MaxSlots = 1000;

    /// <summary>
    /// A session idle for longer may be replaced (<c>min.incremental.fetch.session.eviction.ms</c>).
    /// </summary>
    public static readonly Duration MinIdleToEvict = Duration.FromSeconds(120);

    private readonly Prng _prng;
    private readonly Dictionary<int, FetchSession> _byId = [];
    private readonly List<FetchSession> _all = [];

    public FetchSessions(Prng prng)
    {
        _prng = prng;
    }

    public int Count => _all.Count;

    public FetchSession? Find(int id) => _byId.GetValueOrDefault(id);

    public void Remove(int id)
    {
        if (_byId.Remove(id, out var session))
        {
            _all.Remove(session);
        }
    }

    /// <summary>Null where every slot is taken by a session that is still in use.</summary>
    public FetchSession? TryCreate(bool usesTopicIds, Instant now)
    {
        if (_all.Count >= MaxSlots && !EvictIdle(now))
        {
            return null;
        }

        int id;
        do
        {
            id = (int)_prng.Between(1, int.MaxValue);
        }
        while (_byId.ContainsKey(id));

        var session = new FetchSession(id, usesTopicIds) { LastUsed = now };
        _byId.Add(id, session);
        _all.Add(session);
        return session;
    }

    private bool EvictIdle(Instant now)
    {
        var oldest = _all[0];
        foreach (var session in _all)
        {
            if (session.LastUsed < oldest.LastUsed)
            {
                oldest = session;
            }
        }

        if (now - oldest.LastUsed <= MinIdleToEvict)
        {
            return false;
        }

        Remove(oldest.Id);
        return true;
    }
}
