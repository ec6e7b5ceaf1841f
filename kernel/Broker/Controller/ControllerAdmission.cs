using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides ControllerRegistration: a controller says where it listens and what it supports (KIP-919).</summary>
internal static class ControllerAdmission
{
    public static ControllerRegistrationResponse Decide(
        ControllerView view, ControllerRegistrationRequest request, List<MetadataRecord> records)
    {
        foreach (var known in view.Image.Cluster.ControllerRecords)
        {
            if (known.ControllerId == request.ControllerId && known.IncarnationId == request.IncarnationId)
            {
                // Asked twice, because the first answer was lost.
                return new ControllerRegistrationResponse();
            }
        }

        foreach (var (name, level) in view.Image.Features.Finalized)
        {
            // The quorum's own feature is agreed on when a voter joins.
            if (name != FeaturesImage.KRaftVersion && !request.Features.Exists(feature =>
                feature.Name == name && feature.MinSupportedVersion <= level && level <= feature.MaxSupportedVersion))
            {
                return new ControllerRegistrationResponse
                {
                    ErrorCode = (short)ErrorCode.UnsupportedVersion,
                    ErrorMessage = "Unable to register because the controller does not support finalized " + name + ".",
                };
            }
        }

        var record = new RegisterControllerRecord
        {
            ControllerId = request.ControllerId,
            IncarnationId = request.IncarnationId,
            ZkMigrationReady = request.ZkMigrationReady,
        };
        foreach (var listener in request.Listeners)
        {
            record.EndPoints.Add(new RegisterControllerRecord.ControllerEndpoint
            {
                Name = listener.Name,
                Host = listener.Host,
                Port = listener.Port,
                SecurityProtocol = listener.SecurityProtocol,
            });
        }

        foreach (var feature in request.Features)
        {
            record.Features.Add(new RegisterControllerRecord.ControllerFeature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.MinSupportedVersion,
                MaxSupportedVersion = feature.MaxSupportedVersion,
            });
        }

        records.Add(MetadataRecord.Of(record));
        return new ControllerRegistrationResponse();
    }
}
