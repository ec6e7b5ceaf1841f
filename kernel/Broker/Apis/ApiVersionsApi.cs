using System;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// ApiVersions (18), versions 0 to 4: what this node serves, at which versions (KIP-35, KIP-511, KIP-584).
/// </summary>
/// <remarks>
/// An unknown version is answered in the form of version 0 with UNSUPPORTED_VERSION and only this API's own range:
/// it is how
/// clients and brokers of different ages find each other. Produce is advertised from version 0 although 0 to 2 are
/// refused:
/// librdkafka reads the presence of those versions as "this broker has the features" (KAFKA-18659).
/// </remarks>
internal static class ApiVersionsApi
{
    private const short LastVersionHidingZeroFeatures = 3;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var version = exchange.Version;
        if (version < ApiTable.Lowest(ApiKey.ApiVersions) || version > ApiTable.Highest(ApiKey.ApiVersions))
        {
            exchange.Answer(Unsupported());
            return;
        }

        var request = new ApiVersionsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        if (version >= 3 && !(IsSoftwareName(request.ClientSoftwareName) && IsSoftwareName(request.ClientSoftwareVersion)))
        {
            exchange.Answer(new ApiVersionsResponse { ErrorCode = (short)ErrorCode.InvalidRequest });
            return;
        }

        exchange.Origin.ClientSoftware = request.ClientSoftwareName;
        var response = new ApiVersionsResponse { FinalizedFeaturesEpoch = -1 };
        var isController = broker.Options.Listeners[exchange.Origin.Listener].IsController;
        foreach (var key in Enum.GetValues<ApiKey>())
        {
            if (ApiHandlers.Find(key, isController) is not null)
            {
                response.ApiKeys.Add(RangeOf(key));
            }
        }

        AddFeatures(broker, response, version);
        exchange.Answer(response);
    }

    private static void AddFeatures(Broker broker, ApiVersionsResponse response, short version)
    {
        foreach (var feature in broker.Metadata.Features.Supported)
        {
            if (feature.Lowest > 0 || version > LastVersionHidingZeroFeatures)
            {
                response.SupportedFeatures.Add(new ApiVersionsResponse.SupportedFeatureKey
                {
                    Name = feature.Name,
                    MinVersion = feature.Lowest,
                    MaxVersion = feature.Highest,
                });
            }
        }

        foreach (var (name, level) in broker.Metadata.Features.Finalized)
        {
            response.FinalizedFeatures.Add(new ApiVersionsResponse.FinalizedFeatureKey
            {
                Name = name,
                MinVersionLevel = level,
                MaxVersionLevel = level,
            });
        }

        response.FinalizedFeaturesEpoch = broker.Metadata.FeaturesEpoch;
    }

    private static ApiVersionsResponse Unsupported()
    {
        var response = new ApiVersionsResponse { ErrorCode = (short)ErrorCode.UnsupportedVersion };
        response.ApiKeys.Add(RangeOf(ApiKey.ApiVersions));
        return response;
    }

    private static ApiVersionsResponse.ApiVersion RangeOf(ApiKey key) => new()
    {
        ApiKey = (short)key,
        MinVersion = key == ApiKey.Produce ? (short)0 : ApiTable.Lowest(key),
        MaxVersion = ApiTable.Highest(key),
    };

    /// <summary>Letters and digits at both ends, dots and dashes between.</summary>
    private static bool IsSoftwareName(string text)
    {
        if (text.Length == 0 || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
