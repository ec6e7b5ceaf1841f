using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Metadata;

/// <summary>An address of a broker or controller, under the name of the listener it belongs to.</summary>
public readonly record struct Endpoint(string Name, string Host, int Port, short SecurityProtocol);

/// <summary>A range of levels of one feature that somebody supports.</summary>
public readonly record struct SupportedFeature(string Name, short Lowest, short Highest);

/// <summary>
/// One registered broker. Immutable; its epoch, one per life of its process, is an offset of the metadata log not later
/// than the record that registered it.
/// </summary>
public sealed record BrokerRegistration
{
    public int Id { get; private init; }

    public long Epoch { get; private init; }

    /// <summary>Offset of the record that registered it: who has read that far knows itself registered.</summary>
    public long RegisteredAt { get; private init; }

    public Uuid IncarnationId { get; private init; }

    public IReadOnlyList<Endpoint> Endpoints { get; private init; } = [];

    public IReadOnlyList<SupportedFeature> Features { get; private init; } = [];

    public string? Rack { get; private init; }

    /// <summary>A fenced broker is not told to clients and leads nothing.</summary>
    public bool IsFenced { get; private init; }

    public bool IsInControlledShutdown { get; private init; }

    public IReadOnlyList<Uuid> Directories { get; private init; } = [];

    public IReadOnlyList<Uuid> CordonedDirectories { get; private init; } = [];

    /// <summary>The endpoint of a listener, or null where the broker has none of that name.</summary>
    public Endpoint? EndpointOf(string listener)
    {
        foreach (var endpoint in Endpoints)
        {
            if (endpoint.Name == listener)
            {
                return endpoint;
            }
        }

        return null;
    }

    internal static BrokerRegistration From(RegisterBrokerRecord record, long offset)
    {
        var endpoints = new List<Endpoint>(record.EndPoints.Count);
        foreach (var endpoint in record.EndPoints)
        {
            endpoints.Add(new Endpoint(endpoint.Name, endpoint.Host, endpoint.Port, endpoint.SecurityProtocol));
        }

        var features = new List<SupportedFeature>(record.Features.Count);
        foreach (var feature in record.Features)
        {
            features.Add(new SupportedFeature(feature.Name, feature.MinSupportedVersion, feature.MaxSupportedVersion));
        }

        return new BrokerRegistration
        {
            Id = record.BrokerId,
            Epoch = record.BrokerEpoch,
            RegisteredAt = offset,
            IncarnationId = record.IncarnationId,
            Endpoints = endpoints,
            Features = features,
            Rack = record.Rack,
            IsFenced = record.Fenced,
            IsInControlledShutdown = record.InControlledShutdown,
            Directories = record.LogDirs,
            CordonedDirectories = record.CordonedLogDirs ?? [],
        };
    }

    /// <summary>The record that says all of this but where it was registered.</summary>
    internal RegisterBrokerRecord ToRecord()
    {
        var record = new RegisterBrokerRecord
        {
            BrokerId = Id,
            BrokerEpoch = Epoch,
            IncarnationId = IncarnationId,
            Rack = Rack,
            Fenced = IsFenced,
            InControlledShutdown = IsInControlledShutdown,
            CordonedLogDirs = CordonedDirectories.Count > 0 ? new List<Uuid>(CordonedDirectories) : null,
        };
        record.LogDirs.AddRange(Directories);
        foreach (var endpoint in Endpoints)
        {
            record.EndPoints.Add(new RegisterBrokerRecord.BrokerEndpoint
            {
                Name = endpoint.Name,
                Host = endpoint.Host,
                Port = (ushort)endpoint.Port,
                SecurityProtocol = endpoint.SecurityProtocol,
            });
        }

        foreach (var feature in Features)
        {
            record.Features.Add(new RegisterBrokerRecord.BrokerFeature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
        }

        return record;
    }

    internal BrokerRegistration Fence(bool fenced) => this with { IsFenced = fenced };

    /// <summary>A change of 1 sets, of -1 clears, of 0 leaves; empty lists of directories leave too.</summary>
    internal BrokerRegistration With(BrokerRegistrationChangeRecord change) => this with
    {
        IsFenced = change.Fenced == 0 ? IsFenced : change.Fenced > 0,
        IsInControlledShutdown = IsInControlledShutdown || change.InControlledShutdown > 0,
        Directories = change.LogDirs.Count == 0 ? Directories : change.LogDirs,
        CordonedDirectories = change.CordonedLogDirs ?? CordonedDirectories,
    };
}
