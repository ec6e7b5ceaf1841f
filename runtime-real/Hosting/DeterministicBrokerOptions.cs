using System.Collections.Generic;
using Microsoft.Extensions.Logging;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>How a broker is hosted in a process of yours. The defaults suit a test.</summary>
public sealed class DeterministicBrokerOptions
{
    /// <summary>Null: a new temporary directory, deleted when the broker is disposed.</summary>
    public string? DataDirectory { get; set; }

    public string Host { get; set; } = "localhost";

    /// <summary>0: any free port; <see cref="DeterministicBroker.BootstrapServers"/> says which.</summary>
    public int Port { get; set; }

    /// <summary>Broker properties by Kafka's names.</summary>
    public IDictionary<string, string> Properties { get; } = new Dictionary<string, string>();

    /// <summary>Use portable system calls only, as on macOS and Windows.</summary>
    public bool IsPortable { get; set; }

    /// <summary>Null: nothing is logged.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }
}
