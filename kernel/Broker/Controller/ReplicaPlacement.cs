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
    /// Chooses replicas for new partitions: brokers in the order of their ids, each partition beginning one
    /// further, so
    /// that leaders spread evenly. The first one's place is drawn.
    /// </summary>
    public ApiError TryPlace(int partitions, int replicationFactor, List<int[]> placed)
    {
        var alive = new List<int>();
        foreach (var broker in _view.Image.Cluster.Brokers)
        {
            if (!broker.IsFenced && !broker.IsInControlledShutdown)
            {
                alive.Add(broker.Id);
            }
        }

        if (replicationFactor > alive.Count)
        {
            return new ApiError(ErrorCode.InvalidReplicationFactor, string.Create(
                CultureInfo.InvariantCulture,
                $"Unable to replicate the partition {replicationFactor} time(s): The target replication factor of "
                + $"{replicationFactor} cannot be reached because only {alive.Count} broker(s) are registered or some "
                + $"brokers have all their log directories cordoned."));
        }

        var start = _view.Prng.Next(alive.Count);
        for (var partition = 0; partition < partitions; partition++)
        {
            var replicas = new int[replicationFactor];
            for (var replica = 0; replica < replicationFactor; replica++)
            {
                replicas[replica] = alive[(start + partition + replica) % alive.Count];
            }

            placed.Add(replicas);
        }

        return ApiError.None;
    }

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

    private static ApiError Refuse(string why) => new(ErrorCode.InvalidReplicaAssignment, why);
}
