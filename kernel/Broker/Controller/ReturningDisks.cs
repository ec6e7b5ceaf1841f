using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Primitives;

namespace Deterministic.Broker.Controller;

/// <summary>Which replicas a broker no longer has, because it begins another life without the disk they lay on.</summary>
/// <remarks>
/// Inputs   the registration that there is, the log directories that the broker came with
/// Effects  none
///
/// The rule a reader would get wrong: only the directories of the life before count. A disk that was in this broker at some time
/// before that, and is in it again, is as old as the day it was taken out.
/// </remarks>
/// <param name="Broker">Who comes back.</param>
/// <param name="Before">The directories of its life before; null where it was unregistered meanwhile.</param>
/// <param name="Now">The directories it has.</param>
internal readonly record struct ReturningDisks(int Broker, IReadOnlyList<Uuid>? Before, List<Uuid> Now)
{
    /// <summary>Where a replica lies that is made anew, as far as that is known; else the broker will say.</summary>
    public Uuid Home => Now.Count == 1 ? Now[0] : ReplicaPlacement.Unassigned;

    /// <summary>The broker is one of this partition's replicas, and has nothing of it any more.</summary>
    public bool IsGone(PartitionRegistration partition)
    {
        var position = Array.IndexOf(partition.Replicas, Broker);
        if (position < 0)
        {
            return false;
        }

        var assigned = partition.Directories[position];
        return Before is null || Contains(Before, assigned) ? !Now.Contains(assigned) : !IsAnyKept(Before);
    }

    private bool IsAnyKept(IReadOnlyList<Uuid> before)
    {
        foreach (var directory in before)
        {
            if (Now.Contains(directory))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Contains(IReadOnlyList<Uuid> directories, Uuid searched)
    {
        foreach (var directory in directories)
        {
            if (directory == searched)
            {
                return true;
            }
        }

        return false;
    }
}
