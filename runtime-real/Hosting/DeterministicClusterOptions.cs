using System.Collections.Generic;
using Microsoft.Extensions.Logging;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>How a cluster is hosted in a process of yours. The defaults suit a test.</summary>
public sealed class DeterministicClusterOptions
{
    /// <summary>Nodes, each of them broker and controller.</summary>
    public int Nodes { get; set; } = 3;

    /// <summary>Holds one directory for each node. Null: a new temporary one, deleted with the cluster.</summary>
    public string? DataDirectory { get; set; }

    public string Host { get; set; } = "localhost";

    /// <summary>
    /// Port of the first node; the others follow, and the controllers' listeners lie <see cref="ControllerPortDistance"/>
    /// above. 0: any free ports.
    /// </summary>
    public int Port { get; set; }

    /// <summary>How far a node's controller listener lies above its clients' one, where the port is given.</summary>
    public const int ControllerPortDistance = 1000;

    /// <summary>Properties of every node, by Kafka's names.</summary>
    public IDictionary<string, string> Properties { get; } = new Dictionary<string, string>();

    /// <summary>Use portable system calls only, as on macOS and Windows.</summary>
    public bool IsPortable { get; set; }

    /// <summary>Null: nothing is logged.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }
}
