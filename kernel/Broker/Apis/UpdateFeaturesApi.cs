using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>UpdateFeatures (57), versions 0 to 2: the levels of features that the whole cluster keeps to (KIP-584).</summary>
internal static class UpdateFeaturesApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new UpdateFeaturesRequest();
        if (exchange.TryRead(request))
        {
            ControllerOperation.Run(
                broker,
                exchange,
                request.ValidateOnly,
                records => new FeatureUpdate(broker.Controller.View, () => broker.Quorum.UpgradeVoters(request.ValidateOnly))
                    .Decide(request, exchange.Version, records),
                error => new UpdateFeaturesResponse { ErrorCode = (short)error.Code, ErrorMessage = error.Message });
        }
    }
}
