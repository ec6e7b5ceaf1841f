using System;
using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Deterministic.Tests.Clients;

/// <summary>
/// Points Confluent.Kafka at the librdkafka that setup.sh built. The client's own package for the native library is not
/// on every feed, so the library is found here, at its first use, instead of beside the program.
/// </summary>
public static class ConfluentLibrary
{
    private static readonly bool Prepared = Prepare();

    /// <summary>Must run before the first client is made; may run again.</summary>
    public static void Load()
    {
        if (!Prepared)
        {
            throw new InvalidOperationException("librdkafka could not be prepared");
        }
    }

    private static bool Prepare()
    {
        NativeLibrary.SetDllImportResolver(typeof(ClientConfig).Assembly, Resolve);
        return true;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name.Contains("librdkafka", StringComparison.Ordinal) ? NativeLibrary.Load(Installed.LibrdkafkaLibrary) : 0;
}
