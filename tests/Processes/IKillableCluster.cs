using System;

namespace Deterministic.Tests.Processes;

/// <summary>Three nodes that may be killed and started again on their directories; ids are 1 to 3.</summary>
internal interface IKillableCluster : IDisposable
{
    string Bootstrap { get; }

    /// <summary>Ends a node at once; it writes and says nothing more.</summary>
    void Kill(int node);

    /// <summary>Starts a node on its directory; need not wait until it serves.</summary>
    void Start(int node);
}
