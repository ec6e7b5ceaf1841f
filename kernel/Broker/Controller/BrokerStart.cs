using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// What a node writes when it comes up: that it is there, where it listens, and that it leads again what it alone can
/// lead.
/// </summary>
/// <remarks>
/// Naming the same leader again raises the leader epoch. That is the point: a restart may have lost what was not
/// flushed, and a client that read beyond the new end learns of it from the epoch.
/// </remarks>
internal sealed class BrokerStart
{
    /// <summary>Bound on one batch. Leadership needs not be atomic across partitions.</summary>
    private const int MaxRecordsPerBatch = 5_000;

    private readonly ControllerView _view;
    private readonly Uuid _directoryId;

    public BrokerStart(ControllerView view, Uuid directoryId)
    {
        _view = view;
        _directoryId = directoryId;
    }

    /// <summary>The feature levels of a new cluster, one atomic transaction, as Kafka's own first records.</summary>
    public static List<MetadataRecord> Bootstrap() => Bootstrap(
    [
        Feature(FeaturesImage.MetadataVersion, FeaturesImage.LatestMetadataVersion),
        Feature(FeaturesImage.EligibleLeaderReplicasVersion, 1),
        Feature("group.version", 1),
        Feature("share.version", 1),
        Feature("streams.version", 1),
        Feature("transaction.version", 2),
    ]);

    /// <summary>The same with the levels and users that a format tool chose.</summary>
    public static List<MetadataRecord> Bootstrap(List<MetadataRecord> chosen) =>
    [
        MetadataRecord.Of(new BeginTransactionRecord { Name = "Bootstrap records" }),
        .. chosen,
        MetadataRecord.Of(new ConfigRecord
        {
            ResourceType = (sbyte)ConfigResourceType.Broker,
            ResourceName = "",
            Name = "min.insync.replicas",
            Value = "1",
        }),
        MetadataRecord.Of(new EndTransactionRecord()),
    ];

    /// <summary>
    /// Registers this node as controller and as broker, unfenced. Its epoch is the offset of its registration.
    /// </summary>
    public List<MetadataRecord> Register(long nextOffset, IReadOnlyList<Endpoint> endpoints, string? rack)
    {
        var incarnation = Uuid.Random(_view.Prng);
        var controller = new RegisterControllerRecord
        {
            ControllerId = _view.Self.Value,
            IncarnationId = incarnation,
        };
        var broker = new RegisterBrokerRecord
        {
            BrokerId = _view.Self.Value,
            IncarnationId = incarnation,
            BrokerEpoch = nextOffset + 1,
            Rack = rack,
            Fenced = true,
            LogDirs = [_directoryId],
        };
        foreach (var endpoint in endpoints)
        {
            broker.EndPoints.Add(new RegisterBrokerRecord.BrokerEndpoint
            {
                Name = endpoint.Name,
                Host = endpoint.Host,
                Port = (ushort)endpoint.Port,
                SecurityProtocol = endpoint.SecurityProtocol,
            });
        }

        foreach (var feature in FeaturesImage.OfThisRelease)
        {
            controller.Features.Add(new RegisterControllerRecord.ControllerFeature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
            broker.Features.Add(new RegisterBrokerRecord.BrokerFeature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Lowest,
                MaxSupportedVersion = feature.Highest,
            });
        }

        var unfence = new BrokerRegistrationChangeRecord
        {
            BrokerId = _view.Self.Value,
            BrokerEpoch = broker.BrokerEpoch,
            Fenced = -1,
        };
        return [MetadataRecord.Of(controller), MetadataRecord.Of(broker), MetadataRecord.Of(unfence)];
    }

    /// <summary>Takes up leadership of every partition this node may lead, in batches.</summary>
    public List<List<MetadataRecord>> TakeLeadership()
    {
        var batches = new List<List<MetadataRecord>>();
        foreach (var topic in _view.Image.Topics.All)
        {
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                if (Lead(topic, index) is not { } record)
                {
                    continue;
                }

                if (batches.Count == 0 || batches[^1].Count == MaxRecordsPerBatch)
                {
                    batches.Add([]);
                }

                batches[^1].Add(MetadataRecord.Of(record));
            }
        }

        return batches;
    }

    /// <summary>
    /// Null where another live broker leads or this one must not: it leads as a member of the ISR, else as an
    /// eligible
    /// replica, else as the last known one, which is an unclean choice that the record admits.
    /// </summary>
    private PartitionChangeRecord? Lead(TopicImage topic, int index)
    {
        var partition = topic.Partitions[index];
        var self = _view.Self.Value;
        var isLedElsewhere = partition.Leader != self && partition.Leader != PartitionRegistration.NoLeader;
        if (isLedElsewhere || !partition.HasReplica(_view.Self))
        {
            return null;
        }

        var record = new PartitionChangeRecord { PartitionId = index, TopicId = topic.Id, Leader = self };
        if (Array.IndexOf(partition.Isr, self) >= 0)
        {
            return record;
        }

        var isEligible = Array.IndexOf(partition.Elr, self) >= 0;
        var isLastKnown = partition.Isr.Length == 0 && partition.Elr.Length == 0
            && Array.IndexOf(partition.LastKnownElr, self) >= 0;
        if (!isEligible && !isLastKnown)
        {
            return null;
        }

        record.Isr = [self];
        record.EligibleLeaderReplicas = [];
        record.LastKnownElr = [];
        record.LeaderRecoveryState = isEligible ? (sbyte)-1 : (sbyte)1;
        return record;
    }

    private static MetadataRecord Feature(string name, short level) =>
        MetadataRecord.Of(new FeatureLevelRecord { Name = name, FeatureLevel = level });
}
