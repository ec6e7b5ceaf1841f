using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Metadata;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Broker.Controller;

/// <summary>Where new replicas go: chosen here, or checked where the request chose.</summary>
internal sealed class ReplicaPlacement
{
    private readonly ControllerView _view;

    public ReplicaPlacement(ControllerView view)
    {
        _view = view;
    }

    /// <summary>
    /// Chooses replicas for new partitions. The first broker's place is drawn, and each partition begins one further, so that
    /// leaders spread evenly; its other replicas go to the racks that have fewest of it. Fenced brokers are taken only where
    /// the others do not suffice, and never first.
    /// </summary>
    public ApiError TryPlace(int partitions, int replicationFactor, List<int[]> placed)
    {
        var alive = new List<BrokerRegistration>();
        var fenced = new List<BrokerRegistration>();
        foreach (var broker in _view.Image.Cluster.Brokers)
        {
            if (!broker.IsInControlledShutdown)
            {
                (broker.IsFenced ? fenced : alive).Add(broker);
            }
        }

        if (replicationFactor > alive.Count + fenced.Count)
        {
            return new ApiError(ErrorCode.InvalidReplicationFactor, string.Create(
                CultureInfo.InvariantCulture,
                $"Unable to replicate the partition {replicationFactor} time(s): The target replication factor of "
                + $"{replicationFactor} cannot be reached because only {alive.Count + fenced.Count} broker(s) are "
                + $"registered or some brokers have all their log directories cordoned."));
        }

        if (alive.Count == 0)
        {
            return new ApiError(ErrorCode.InvalidReplicationFactor, string.Create(
                CultureInfo.InvariantCulture,
                $"Unable to replicate the partition {replicationFactor} time(s): All brokers are currently fenced."));
        }

        var start = _view.Prng.Next(alive.Count);
        var loads = new SortedDictionary<int, int>();
        for (var partition = 0; partition < partitions; partition++)
        {
            placed.Add(Choose(alive, fenced, (start + partition) % alive.Count, replicationFactor, loads));
        }

        return ApiError.None;
    }

    private static int[] Choose(
        List<BrokerRegistration> alive,
        List<BrokerRegistration> fenced,
        int leader,
        int replicationFactor,
        SortedDictionary<int, int> loads)
    {
        var rest = new List<BrokerRegistration>();
        for (var i = 1; i < alive.Count; i++)
        {
            rest.Add(alive[(leader + i) % alive.Count]);
        }

        var chosen = new List<BrokerRegistration>(replicationFactor) { alive[leader] };
        TakeOver(rest, chosen, replicationFactor, loads);
        TakeOver(new List<BrokerRegistration>(fenced), chosen, replicationFactor, loads);
        var ids = new int[chosen.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = chosen[i].Id;
            loads[ids[i]] = LoadOf(chosen[i], loads) + 1;
        }

        return ids;
    }

    /// <summary>The rack with fewest replicas of this partition, and in it the broker with fewest of all of them.</summary>
    private static void TakeOver(
        List<BrokerRegistration> from, List<BrokerRegistration> chosen, int wanted, SortedDictionary<int, int> loads)
    {
        while (chosen.Count < wanted && from.Count > 0)
        {
            var best = 0;
            for (var i = 1; i < from.Count; i++)
            {
                var byRack = CountOfRack(chosen, from[i].Rack) - CountOfRack(chosen, from[best].Rack);
                var byLoad = LoadOf(from[i], loads) - LoadOf(from[best], loads);
                best = byRack < 0 || (byRack == 0 && byLoad < 0) ? i : best;
            }

            chosen.Add(from[best]);
            from.RemoveAt(best);
        }
    }

    private static int LoadOf(BrokerRegistration broker, SortedDictionary<int, int> loads) =>
        loads.TryGetValue(broker.Id, out var load) ? load : 0;

    private static int CountOfRack(List<BrokerRegistration> chosen, string? rack)
    {
        var count = 0;
        foreach (var broker in chosen)
        {
            count += broker.Rack == rack ? 1 : 0;
        }

        return count;
    }

    /// <summary>Those of the replicas that may be in sync from the beginning: the brokers that are alive.</summary>
    public List<int> AliveOf(int[] replicas)
    {
        var active = new ActiveBrokers(_view.Image.Cluster);
        var alive = new List<int>(replicas.Length);
        foreach (var replica in replicas)
        {
            if (active.Contains(replica))
            {
                alive.Add(replica);
            }
        }

        return alive;
    }

    /// <summary>A partition of which every replica is fenced could not be led.</summary>
    public ApiError CheckAlive(int[] replicas, int partition) => AliveOf(replicas).Count > 0
        ? ApiError.None
        : Refuse(string.Create(
            CultureInfo.InvariantCulture,
            $"All brokers specified in the manual partition assignment for partition {partition} are fenced or in "
            + $"controlled shutdown."));

    /// <summary>
    /// Checks one partition's replicas as a request gave them; a factor of 0 means the first partition sets it.
    /// </summary>
    public ApiError Check(List<int> replicas, int replicationFactor)
    {
        if (replicas.Count == 0)
        {
            return Refuse("The manual partition assignment includes an empty replica list.");
        }

        var sorted = replicas.ToArray();
        Array.Sort(sorted);
        for (var i = 0; i < sorted.Length; i++)
        {
            if (_view.Image.Cluster.Find(sorted[i]) is null)
            {
                return Refuse(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The manual partition assignment includes broker {sorted[i]}, but no such broker is registered."));
            }

            if (i > 0 && sorted[i] == sorted[i - 1])
            {
                return Refuse(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The manual partition assignment includes the broker {sorted[i]} more than once."));
            }
        }

        return replicationFactor == 0 || replicationFactor == replicas.Count
            ? ApiError.None
            : Refuse(string.Create(
                CultureInfo.InvariantCulture,
                $"The manual partition assignment includes a partition with {replicas.Count} replica(s), but this "
                + $"is not consistent with previous partitions, which have {replicationFactor} replica(s)."));
    }

    /// <summary>A broker with one log directory needs not be asked which one a replica goes to.</summary>
    public Uuid DirectoryOf(int broker)
    {
        var registration = _view.Image.Cluster.Find(broker);
        return registration is { Directories.Count: 1 } ? registration.Directories[0] : Unassigned;
    }

    /// <summary>The id that stands for "whichever, not chosen yet".</summary>
    public static Uuid Unassigned => new(0, 1);

    /// <summary>In none that its broker can use: Kafka's own word for it (KIP-858).</summary>
    public static Uuid Lost => new(0, 2);

    private static ApiError Refuse(string why) => new(ErrorCode.InvalidReplicaAssignment, why);
}
