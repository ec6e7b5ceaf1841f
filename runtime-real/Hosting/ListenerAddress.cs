using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Deterministic.Runtime.Real.Network;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>One entry of Kafka's <c>listeners</c> with its entry of <c>advertised.listeners</c>.</summary>
internal sealed record ListenerAddress(string Name, string Host, int Port)
{
    /// <summary>What clients are told; empty or 0: what is bound.</summary>
    public string AdvertisedHost { get; init; } = "";

    public int AdvertisedPort { get; init; }

    public string SecurityProtocol { get; init; } = "PLAINTEXT";

    /// <summary>One of <c>controller.listener.names</c>.</summary>
    public bool IsController { get; init; }

    public static IReadOnlyList<ListenerAddress> ParseAll(SortedDictionary<string, string> properties, string usual)
    {
        var listeners = Parse("listeners", properties.GetValueOrDefault("listeners") ?? usual);
        var advertised = properties.TryGetValue("advertised.listeners", out var text)
            ? Parse("advertised.listeners", text)
            : [];
        var protocols = Protocols(properties.GetValueOrDefault("listener.security.protocol.map") ?? "");
        var ofController = (properties.GetValueOrDefault("controller.listener.names") ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        if (!properties.ContainsKey("listener.security.protocol.map"))
        {
            // As in Kafka: the controllers' own listeners need no map as long as nobody wrote one.
            foreach (var name in ofController)
            {
                protocols.TryAdd(name.ToUpperInvariant(), "PLAINTEXT");
            }
        }

        // Clients' listeners first: the first one's address is what people are told.
        return [.. listeners
            .Select(listener => Complete(listener, advertised, protocols) with
            {
                IsController = ofController.Contains(listener.Name, StringComparer.OrdinalIgnoreCase),
            })
            .OrderBy(listener => listener.IsController)];
    }

    /// <summary>Binds; port 0 takes a free one. Throws <see cref="StartupException"/> with one sentence.</summary>
    public IReadOnlyList<IListeningSocket> Bind(INetwork network)
    {
        var bound = new List<IListeningSocket>();
        try
        {
            foreach (var address in Addresses())
            {
                var port = bound.Count > 0 ? bound[0].At.Port : Port;
                try
                {
                    bound.Add(network.Listen(new IPEndPoint(address, port)));
                }
                catch (SocketException) when (bound.Count > 0 && Host == "localhost")
                {
                    // A machine without one of the two loopbacks still has its localhost.
                }
            }
        }
        catch (SocketException e)
        {
            bound.ForEach(socket => socket.Dispose());
            throw new StartupException(
                e.SocketErrorCode == SocketError.AddressAlreadyInUse
                    ? $"port {Port} on {Shown} is in use; stop who has it or choose another with --port"
                    : $"cannot listen on {Shown}:{Port}: {e.Message}",
                e);
        }

        return bound;
    }

    /// <summary>The host clients are told, given that this one is bound.</summary>
    public string HostForClients =>
        AdvertisedHost.Length > 0 ? AdvertisedHost
        : IsAny ? Dns.GetHostName()
        : Host;

    private bool IsAny => Host is "" or "0.0.0.0" or "::" or "[::]";

    private string Shown => IsAny ? "every address" : Host;

    private static ListenerAddress Complete(
        ListenerAddress listener, List<ListenerAddress> advertised, Dictionary<string, string> protocols)
    {
        var told = advertised.Find(other => other.Name == listener.Name);
        var protocol = protocols.GetValueOrDefault(listener.Name, listener.Name);
        if (protocol != "PLAINTEXT")
        {
            throw new StartupException(
                $"listener {listener.Name} wants security protocol {protocol}; this version serves PLAINTEXT only");
        }

        return listener with
        {
            AdvertisedHost = told?.Host ?? "",
            AdvertisedPort = told?.Port ?? 0,
            SecurityProtocol = protocol,
        };
    }

    private static List<ListenerAddress> Parse(string property, string text)
    {
        var found = new List<ListenerAddress>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var scheme = entry.IndexOf("://", StringComparison.Ordinal);
            var colon = entry.LastIndexOf(':');
            if (scheme <= 0
                || colon < scheme + 3
                || !ushort.TryParse(entry[(colon + 1)..], CultureInfo.InvariantCulture, out var port))
            {
                throw new StartupException($"{property}: '{entry}' is not NAME://host:port");
            }

            var host = entry[(scheme + 3)..colon].Trim('[', ']');
            var name = entry[..scheme].ToUpperInvariant();
            if (found.Exists(other => other.Name == name))
            {
                throw new StartupException($"{property}: the name {name} is there twice");
            }

            found.Add(new ListenerAddress(name, host, port));
        }

        return found;
    }

    private static Dictionary<string, string> Protocols(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                throw new StartupException($"listener.security.protocol.map: '{entry}' is not NAME:PROTOCOL");
            }

            found[entry[..colon].Trim().ToUpperInvariant()] = entry[(colon + 1)..].Trim().ToUpperInvariant();
        }

        return found;
    }

    private IEnumerable<IPAddress> Addresses()
    {
        if (IsAny)
        {
            return [Socket.OSSupportsIPv6 && Host is "" or "::" ? IPAddress.IPv6Any : IPAddress.Any];
        }

        if (Host == "localhost")
        {
            return Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback];
        }

        if (IPAddress.TryParse(Host, out var literal))
        {
            return [literal];
        }

        try
        {
            return Dns.GetHostAddresses(Host).Distinct();
        }
        catch (SocketException e)
        {
            throw new StartupException($"listeners: cannot resolve host {Host}: {e.Message}", e);
        }
    }
}
