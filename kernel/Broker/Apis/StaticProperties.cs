using System;
using System.Collections.Generic;
using System.Globalization;

namespace Deterministic.Broker.Apis;

/// <summary>
/// The configuration file as DescribeConfigs shows it: what was given, and what the node was told by other means (a
/// flag, a default) under the names that Kafka has for it.
/// </summary>
internal static class StaticProperties
{
    public static SortedDictionary<string, string> Of(NodeOptions options)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in options.Properties)
        {
            all.Add(name, value);
        }

        var id = options.BrokerId.Value.ToString(CultureInfo.InvariantCulture);
        var listeners = new List<string>();
        foreach (var listener in options.Listeners)
        {
            listeners.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{listener.Name}://{listener.AdvertisedHost}:{listener.AdvertisedPort}"));
        }

        all.TryAdd("node.id", id);
        all.TryAdd("broker.id", id);
        all.TryAdd("process.roles", "broker,controller");
        all.TryAdd("log.dirs", options.LogDirectoryName);
        all.TryAdd("listeners", string.Join(',', listeners));
        all.TryAdd("advertised.listeners", string.Join(',', listeners));
        return all;
    }
}
