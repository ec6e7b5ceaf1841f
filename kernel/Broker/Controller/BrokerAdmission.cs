using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides BrokerRegistration: a broker begins a life, or repeats that it did.</summary>
/// <remarks>
/// Another life of a known id is refused as long as the controller is sure that the one before lives. Once it is let in, the
/// one before is dead by definition, so it leaves every partition first: a restart always raises leader epochs, which tells
/// clients and followers that records may be gone. The same life asking again gets the answer it may have missed.
/// </remarks>
internal sealed class BrokerAdmission
{
    private readonly Controller _controller;
    private readonly MetadataImage _image;

    public BrokerAdmission(Controller controller)
    {
        _controller = controller;
        _image = controller.View.Image;
    }

    /// <summary>The response holds for when the records are committed.</summary>
    public BrokerRegistrationResponse Decide(BrokerRegistrationRequest request, List<MetadataRecord> records)
    {
        var existing = _image.Cluster.Find(request.BrokerId);
        var error = Check(request, existing);
        if (error != ErrorCode.None)
        {
            return new BrokerRegistrationResponse { ErrorCode = (short)error };
        }

        var isSameLife = existing?.IncarnationId == request.IncarnationId;
        if (!isSameLife)
        {
            // Only a clean shutdown leaves its epoch behind (KIP-966). A broker that was unregistered meanwhile cannot tell.
            var loss = request.PreviousBrokerEpoch != existing?.Epoch ? BrokerLoss.Unflushed : BrokerLoss.None;
            var disks = new ReturningDisks(request.BrokerId, existing?.Directories, request.LogDirs);
            new BrokerFencing(_controller.View).Leave(request.BrokerId, loss, records, disks);
        }

        var epoch = isSameLife ? existing!.Epoch : _controller.NextOffset;
        var record = Describe(request, epoch);
        record.Fenced = !isSameLife || existing!.IsFenced;
        record.InControlledShutdown = isSameLife && existing!.IsInControlledShutdown;
        records.Add(MetadataRecord.Of(record));
        return new BrokerRegistrationResponse { BrokerEpoch = epoch };
    }

    private ErrorCode Check(BrokerRegistrationRequest request, BrokerRegistration? existing)
    {
        if (request.ClusterId != _image.ClusterId.ToString())
        {
            return ErrorCode.InconsistentClusterId;
        }

        if (existing is { IsInControlledShutdown: false }
            && existing.IncarnationId != request.IncarnationId
            && _controller.Sessions.IsSure(existing.Id, existing.Epoch))
        {
            return ErrorCode.DuplicateBrokerRegistration;
        }

        if (request.BrokerId < 0 || request.IsMigratingZkBroker || request.Listeners.Count == 0)
        {
            return ErrorCode.InvalidRequest;
        }

        return !AreDirectoriesItsOwn(request) ? ErrorCode.InvalidRegistration
            : !SupportsEveryFeature(request) ? ErrorCode.UnsupportedVersion
            : ErrorCode.None;
    }

    private bool AreDirectoriesItsOwn(BrokerRegistrationRequest request)
    {
        if (request.LogDirs.Count == 0)
        {
            return false;
        }

        foreach (var broker in _image.Cluster.Brokers)
        {
            foreach (var directory in broker.Directories)
            {
                if (broker.Id != request.BrokerId && request.LogDirs.Contains(directory))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private bool SupportsEveryFeature(BrokerRegistrationRequest request)
    {
        foreach (var (name, level) in _image.Features.Finalized)
        {
            // The quorum's own feature is between the controllers.
            var isSupported = name == FeaturesImage.KRaftVersion || request.Features.Exists(feature =>
                feature.Name == name && feature.MinSupportedVersion <= level && level <= feature.MaxSupportedVersion);
            if (!isSupported)
            {
                return false;
            }
        }

        return true;
    }

    private static RegisterBrokerRecord Describe(BrokerRegistrationRequest request, long epoch)
    {
        var record = new RegisterBrokerRecord
        {
            BrokerId = request.BrokerId,
            IncarnationId = request.IncarnationId,
            BrokerEpoch = epoch,
            Rack = request.Rack,
            LogDirs = new List<Uuid>(request.LogDirs),
        };
        foreach (var listener in request.Listeners)
        {
            record.EndPoints.Add(new RegisterBrokerRecord.BrokerEndpoint
            {
                Name = listener.Name,
                Host = listener.Host,
                Port = listener.Port,
                SecurityProtocol = listener.SecurityProtocol,
            });
        }

        foreach (var feature in request.Features)
        {
            record.Features.Add(new RegisterBrokerRecord.BrokerFeature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.MinSupportedVersion,
                MaxSupportedVersion = feature.MaxSupportedVersion,
            });
        }

        return record;
    }
}
