using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Protocol;

namespace Deterministic.Broker.Controller;

/// <summary>
/// What a subscription to client metrics may say (KIP-714). Subscriptions are stored for the brokers that serve them.
/// </summary>
internal static class ClientMetricsRules
{
    private const long MinIntervalMs = 100;
    private const long MaxIntervalMs = 3_600_000;

    public static ApiError Check(SortedDictionary<string, string> settings)
    {
        foreach (var (name, value) in settings)
        {
            if (ConfigTable.ClientMetrics.Find(name) is not { } definition)
            {
                return new ApiError(ErrorCode.InvalidRequest, "Unknown client metrics configuration: " + name);
            }

            if (ConfigValue.Refuse(definition, value) is { } why)
            {
                return new ApiError(ErrorCode.InvalidConfig, why);
            }

            var error = name switch
            {
                "interval.ms" => CheckInterval(value),
                "match" => CheckMatch(value),
                _ => ApiError.None,
            };
            if (error.IsError)
            {
                return error;
            }
        }

        return ApiError.None;
    }

    private static ApiError CheckInterval(string value) =>
        ConfigValue.TryLong(value, out var interval) && interval is >= MinIntervalMs and <= MaxIntervalMs
            ? ApiError.None
            : new ApiError(
                ErrorCode.InvalidRequest,
                "Invalid value " + value + " for interval.ms, interval must be between 100 and 3600000 (1 hour)");

    /// <summary>Patterns are key=regex; what the regex says is for the broker that matches with it.</summary>
    private static ApiError CheckMatch(string value)
    {
        foreach (var pattern in ConfigValue.List(value))
        {
            var equals = pattern.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? "" : pattern[..equals].Trim();
            if (key is not ("client_instance_id" or "client_id" or "client_software_name" or "client_software_version"
                or "client_source_address" or "client_source_port"))
            {
                return new ApiError(ErrorCode.InvalidConfig, "Illegal client matching pattern: " + pattern);
            }
        }

        return ApiError.None;
    }
}
